//! Colours of failures. They say nothing that the text does not say as well.

use anstyle::{AnsiColor, Style};

/// What is wrong.
pub(crate) const PROBLEM: Style = Style::new().bold();
/// What is expected, or was there before.
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
/// What is there instead.
pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
/// What to look at.
pub(crate) const MARK: Style = AnsiColor::Yellow.on_default().bold();
/// What the host did by itself.
pub(crate) const HOST: Style = Style::new().dimmed();

/// The text in this style, each of its lines for itself.
pub(crate) fn painted(style: Style, text: &str) -> String {
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{style}{line}{style:#}") };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// The text without styles.
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Whether the one who reads failures sees colours.
///
/// `cargo test` prints what a test has written to standard error on standard output, so both have to be terminals.
pub(crate) fn is_wanted() -> bool {
    use anstream::{AutoStream, ColorChoice};
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    if is_set("FORCE_COLOR") && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) {
        return true;
    }
    let choices = [AutoStream::choice(&std::io::stdout()), AutoStream::choice(&std::io::stderr())];
    choices.iter().all(|choice| matches!(choice, ColorChoice::Always | ColorChoice::AlwaysAnsi))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_own_style_and_none_is_left() {
        let text = painted(PROBLEM, "a\n\nb");
        assert_eq!(text, "\u{1b}[1ma\u{1b}[0m\n\n\u{1b}[1mb\u{1b}[0m");
        assert_eq!(plain(&text), "a\n\nb");
    }
}
