"""V2G contracts: menus, their exact design, and the owner's choice."""
