//! The place of a field in a message, built without allocation while reading and printed only in errors.

use std::fmt;

/// A path such as `strategy.constraints[2].constraintValue`.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The message itself.
    pub const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    /// The field `name` of this object.
    pub fn key(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Key(name) }
    }

    /// The item `index` of this list, counted from zero.
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), step: Step::Index(index) }
    }

    fn is_root(&self) -> bool {
        matches!(self.step, Step::Root)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Key(name) if self.parent.is_none_or(Path::is_root) => f.write_str(name),
            Step::Key(name) => write!(f, ".{name}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_keys_and_indices() {
        let strategy = Path::ROOT.key("strategy");
        let constraints = strategy.key("constraints");
        let third = constraints.index(2);
        assert_eq!(third.key("constraintValue").to_string(), "strategy.constraints[2].constraintValue");
        assert_eq!(Path::ROOT.to_string(), "");
        assert_eq!(Path::ROOT.index(0).to_string(), "[0]");
    }
}
