//! Text that came from others, made harmless to a terminal.

/// A text on one line, harmless to a terminal.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if is_control(c) { '\u{fffd}' } else { c }).collect()
}

/// A text on one or more lines, harmless to a terminal.
pub(super) fn clean_lines(text: &str) -> String {
    text.chars().map(|c| if is_control(c) && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Control characters, and those that turn the direction of what follows.
pub(super) fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
