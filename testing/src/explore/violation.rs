//! A run in which something is wrong.

use super::bound::VARIABLE;
use super::problem::Problem;
use crate::style::{self, MARK, PROBLEM};
use crate::timeline::Timeline;
use std::fmt;

/// A run in which something is wrong, and how it comes about.
#[derive(Clone, Debug)]
pub struct Violation {
    pub(super) problem: Problem,
    pub(super) plan: String,
    /// The value of the environment variable that leads there again.
    pub(super) replay: String,
    /// What happened outside of the extension, if the plan is about that.
    pub(super) steps: Vec<Step>,
    pub(super) timelines: Vec<(String, Timeline)>,
}

/// Something that happened outside of the extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) text: String,
    /// Whether something else happens in the plain run.
    pub(super) is_planned: bool,
}

impl Step {
    /// A line for each; what is planned is marked.
    pub(super) fn lines(steps: &[Step]) -> String {
        let line = |(at, Step { text, is_planned }): (usize, &Step)| {
            let mark = if *is_planned { '>' } else { ' ' };
            format!("\n  {mark}{:>3} {text}", at + 1)
        };
        steps.iter().enumerate().map(line).collect()
    }
}

impl Violation {
    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What was done in this run and not in the plain one, as text that the exploration takes back; empty if it is the plain
    /// run.
    pub fn plan(&self) -> &str {
        &self.plan
    }

    /// What happened outside of the extension, in words and in order; empty if the plan is not about that.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.text.as_str())
    }

    /// What happened in each context, streams first, with a name for people.
    pub fn timelines(&self) -> &[(String, Timeline)] {
        &self.timelines
    }

    /// How long it is: the number of events.
    pub(super) fn len(&self) -> usize {
        self.timelines.iter().map(|(_, timeline)| timeline.events().len()).sum()
    }

    /// The problem and the plan, with styles.
    pub(super) fn headline(&self) -> String {
        let problem = style::painted(PROBLEM, &self.problem.to_string());
        match &*self.plan {
            "" => format!("{problem}\n  in the plain run"),
            plan => format!("{problem}\n  plan: {plan}"),
        }
    }

    /// All of it, with styles.
    pub(super) fn to_text(&self) -> String {
        let mut text = self.headline();
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        if !self.plan.is_empty() {
            let again = format!("  again: {VARIABLE}='{}' cargo test {test}", self.replay);
            text += &format!("\n{}", style::painted(MARK, &again));
        }
        text += &Step::lines(&self.steps);
        for (context, timeline) in &self.timelines {
            text += &format!("\n  {context}{}", timeline.shown().replace('\n', "\n  "));
        }
        text
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&style::plain(&self.to_text()))
    }
}
