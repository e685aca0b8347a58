"""Every file that is written or read: one writer, one reader, one lock."""
