//! The files that the README tells an author to write.
//!
//! A line that ends with the name of a file and a colon introduces the block of code below it:
//!
//! ````markdown
//! In `src/lib.rs`:
//!
//! ```rust
//! fn it_is_this() {}
//! ```
//! ````
//!
//! Several blocks for one file are its parts, in order.

use anyhow::{Result, bail};

/// A file, and its text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) text: String,
}

/// The files that a Markdown text introduces, in order.
///
/// # Errors
///
/// If a block that a file was announced for does not come, or does not end.
pub(super) fn files(markdown: &str) -> Result<Vec<File>> {
    let mut files: Vec<File> = Vec::new();
    let mut announced: Option<&str> = None;
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            let Some(name) = announced.take() else { continue };
            let text = block.join("\n") + "\n";
            match files.iter_mut().find(|file| file.name == name) {
                Some(file) => file.text = format!("{}\n{text}", file.text),
                None => files.push(File { name: name.to_owned(), text }),
            }
        } else if let Some(name) = file_name(line) {
            announced = Some(name);
        } else if let (false, Some(name)) = (line.trim().is_empty(), announced) {
            bail!("the README announces `{name}`, but no block of code follows");
        }
    }
    match announced {
        Some(name) => bail!("the README announces `{name}`, but no block of code follows"),
        None => Ok(files),
    }
}

/// The name in backticks at the end of a line that ends with a colon, if it is one of a file.
fn file_name(line: &str) -> Option<&str> {
    let (_, name) = line.strip_suffix("`:")?.rsplit_once('`')?;
    let is_file = name.contains('.') && !name.contains(char::is_whitespace);
    is_file.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_file_is_the_block_below_its_name() {
        let markdown = "# T\n\nWrite `a/b.rs`:\n\n```rust\nfn a() {}\n```\n\nThen run:\n\n```sh\nls\n```\n";
        assert_eq!(files(markdown).unwrap(), [file("a/b.rs", "fn a() {}\n")]);
    }

    #[test]
    fn blocks_of_one_file_are_its_parts() {
        let markdown = "In `a.rs`:\n```rust\none\n```\nbelow it, in `a.rs`:\n```rust\ntwo\n```\n";
        assert_eq!(files(markdown).unwrap(), [file("a.rs", "one\n\ntwo\n")]);
    }

    #[test]
    fn a_command_before_a_colon_is_not_a_file() {
        assert_eq!(file_name("Build it with `cargo build`:"), None);
        assert_eq!(file_name("the trait `HttpContext`:"), None);
        assert_eq!(file_name("In `Cargo.toml`, one line:"), None);
        assert_eq!(file_name("In `Cargo.toml`:"), Some("Cargo.toml"));
    }

    #[test]
    fn an_announced_file_must_come() {
        assert!(files("In `a.rs`:\n\nOr not.\n").is_err());
        assert!(files("In `a.rs`:\n").is_err());
    }
}
