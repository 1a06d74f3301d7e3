//! Which orders are played: all of them if they are few, drawn ones if they are many.

use super::choice::{Choice, Choices};
use std::collections::HashSet;

/// How a search went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Searched {
    /// How many runs there were.
    pub(super) runs: usize,
    /// How many of them differ in a decision.
    pub(super) distinct: usize,
    /// Whether these are all orders that there are.
    pub(super) complete: bool,
}

/// How much is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    /// So many orders at most, or not much more.
    pub(super) limit: usize,
    /// Whether all are tried one after the other before it is known that there are too many.
    pub(super) tries_all: bool,
}

/// Plays orders until `play` says that one fails: it gets where decisions come from, and gives back those
/// that were made and whether that is what was looked for.
pub(super) fn search(
    seed: u64,
    Bound { limit, tries_all }: Bound,
    mut play: impl FnMut(Choices) -> (Vec<Choice>, bool),
) -> Searched {
    let mut searched = Searched { runs: 0, distinct: 0, complete: false };
    let mut known = HashSet::new();
    let mut note = |searched: &mut Searched, made: &[Choice]| {
        searched.runs += 1;
        if known.insert(made.iter().map(|choice| choice.taken).collect::<Vec<usize>>()) {
            searched.distinct += 1;
        }
    };
    let mut size = 0.0;
    let samples = SAMPLES.min(limit);
    for number in 0..samples {
        // Even draws: the others say nothing of the size.
        let (made, found) = play(Choices::drawn(seed, 4 * number as u64));
        size += made.iter().map(|choice| choice.options as f64).product::<f64>();
        note(&mut searched, &made);
        if found {
            return searched;
        }
    }
    // Knuth's estimate: each way down the tree stands for as many as there were options on it.
    if tries_all || size / samples as f64 <= limit as f64 {
        let mut next = Some(Vec::new());
        while let Some(choices) = next.take_if(|_| searched.runs < 2 * limit) {
            let (made, found) = play(Choices::given(choices));
            note(&mut searched, &made);
            if found {
                return searched;
            }
            next = successor(&made);
        }
        if next.is_none() {
            searched.complete = true;
            return searched;
        }
    }
    for number in (samples as u64..).take(limit.saturating_sub(searched.runs)) {
        let (made, found) = play(Choices::drawn(seed, number));
        note(&mut searched, &made);
        if found {
            break;
        }
    }
    searched
}

/// The decisions that come next if all are tried, the last one first.
fn successor(made: &[Choice]) -> Option<Vec<usize>> {
    let last = made.iter().rposition(|choice| choice.taken + 1 < choice.options)?;
    let mut choices: Vec<usize> = made[..=last].iter().map(|choice| choice.taken).collect();
    choices[last] += 1;
    Some(choices)
}

/// How many orders are drawn before it is known whether they are few.
const SAMPLES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a tree in which each of `depth` decisions has `options`.
    fn tree(
        depth: usize,
        options: usize,
        mut look: impl FnMut(&[usize]) -> bool,
    ) -> impl FnMut(Choices) -> (Vec<Choice>, bool) {
        move |mut choices| {
            let taken: Vec<usize> = (0..depth).map(|_| choices.of(options)).collect();
            (choices.into_made(), look(&taken))
        }
    }

    fn bound(limit: usize) -> Bound {
        Bound { limit, tries_all: false }
    }

    #[test]
    fn few_orders_are_all_played() {
        let mut played = HashSet::new();
        let searched = search(
            1,
            bound(100),
            tree(4, 3, |taken| {
                played.insert(taken.to_vec());
                false
            }),
        );
        assert!(searched.complete);
        assert_eq!((searched.distinct, played.len()), (81, 81));
    }

    #[test]
    fn of_many_orders_some_are_drawn() {
        let searched = search(1, bound(100), tree(20, 3, |_| false));
        assert_eq!((searched.runs, searched.complete), (100, false));
        assert!(searched.distinct > 60, "{searched:?}");
    }

    #[test]
    fn it_ends_with_the_first_that_is_found() {
        let searched = search(1, bound(1000), tree(6, 3, |taken| taken == [2, 1, 0, 2, 1, 0]));
        assert!(!searched.complete && searched.runs < 1000, "{searched:?}");
    }

    #[test]
    fn all_are_tried_where_that_is_asked_for() {
        // Of 61 ways, one has 60 decisions, so that the estimate is far too large if it is drawn.
        let play = |mut choices: Choices| {
            let _ended_at = (0..60).find(|_| choices.of(2) == 1);
            (choices.into_made(), false)
        };
        let searched = search(1, Bound { limit: 100, tries_all: true }, play);
        assert!(searched.complete, "{searched:?}");
        assert_eq!(searched.distinct, 61);
    }

    #[test]
    fn a_tree_without_a_decision_is_played_and_complete() {
        let searched = search(1, bound(100), tree(0, 3, |_| false));
        assert!(searched.complete);
        assert_eq!(searched.distinct, 1);
    }
}
