from .entry import Entry as Entry
from .entry import board_of as board_of
from .entry import run_on_board as run_on_board
from .published import Board as Board
from .published import boards as boards
from .ranking import ranking as ranking
from .record import Record as Record
