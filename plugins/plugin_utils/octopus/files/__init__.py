"""Files with tokens: ``text_files`` (encodings and byte order marks) and ``file_tree`` (directories and globs)."""
