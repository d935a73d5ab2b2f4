"""Writers of files of columns; imported when such a file is written."""
