//! JSON values: reading, the one text form in which they are stored, and paths into them.
