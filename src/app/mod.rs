//! Stream bytes and gaps to messages. Knows no flows, no files, no terminals.
