//! Text to tokens to syntax tree; nothing semantic.
