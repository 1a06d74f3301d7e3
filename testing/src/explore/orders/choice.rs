//! Where a run takes its decisions from, and what it has decided.

use crate::random::Random;
use std::collections::BTreeMap;

/// A decision: which of how many options. The first option is what happens without a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) taken: usize,
    pub(super) options: usize,
}

/// The decisions of a run.
#[derive(Debug)]
pub(super) struct Choices {
    source: Source,
    made: Vec<Choice>,
}

#[derive(Debug)]
enum Source {
    /// These, and the first option from then on.
    Given(Vec<usize>),
    Drawn(Random, Manner),
}

/// How a run is drawn.
#[derive(Debug)]
enum Manner {
    /// Each option is as likely as the others.
    Even,
    /// Mostly what happens without a search: but for one decision in so many.
    Seldom(usize),
    /// Who is to act has a rank, drawn once; whoever has the highest one acts, and loses it now and then. So some are
    /// starved for long, which even draws hardly ever do.
    Ranked(BTreeMap<Actor, u64>),
}

/// Who acts: a client, an upstream, a callout, a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Actor(pub(super) u64);

impl Choices {
    /// These decisions, and the first option behind them.
    pub(super) fn given(choices: Vec<usize>) -> Self {
        Choices { source: Source::Given(choices), made: Vec::new() }
    }

    /// The decisions of the run with this number, of a search with this seed.
    pub(super) fn drawn(seed: u64, number: u64) -> Self {
        let random = Random::new(seed).mixed_with(number);
        let manner = match number % 4 {
            0 => Manner::Even,
            1 => Manner::Ranked(BTreeMap::new()),
            2 => Manner::Seldom(2),
            _ => Manner::Seldom(8),
        };
        Choices { source: Source::Drawn(random, manner), made: Vec::new() }
    }

    /// Chooses among so many options.
    pub(super) fn of(&mut self, options: usize) -> usize {
        self.decide(options, |random, manner| match manner {
            Manner::Even | Manner::Ranked(_) => random.below(options),
            Manner::Seldom(once_in) => seldom(random, *once_in, options),
        })
    }

    /// Chooses one of the lengths of a piece, of which there can be many: the shortest ones are the most telling.
    pub(super) fn length(&mut self, options: usize) -> usize {
        self.decide(options, |random, manner| match manner {
            Manner::Seldom(once_in) => seldom(random, *once_in, options),
            Manner::Even | Manner::Ranked(_) if options <= FEW => random.below(options),
            Manner::Even | Manner::Ranked(_) => match random.below(4) {
                0 => 0,
                1 => 1,
                _ => random.below(options),
            },
        })
    }

    /// Chooses who acts.
    pub(super) fn among(&mut self, actors: &[Actor]) -> usize {
        self.decide(actors.len(), |random, manner| match manner {
            Manner::Even => random.below(actors.len()),
            Manner::Seldom(once_in) => seldom(random, *once_in, actors.len()),
            Manner::Ranked(ranks) => {
                let mut rank_of = |actor: &Actor| *ranks.entry(*actor).or_insert_with(|| random.next());
                let highest = (0..actors.len()).max_by_key(|at| rank_of(&actors[*at])).unwrap_or(0);
                if random.below(8) == 0 {
                    ranks.insert(actors[highest], random.next() / 4);
                }
                highest
            }
        })
    }

    fn decide(&mut self, options: usize, draw: impl FnOnce(&mut Random, &mut Manner) -> usize) -> usize {
        if options < 2 {
            return 0;
        }
        let taken = match &mut self.source {
            // One that was made for another tree still means something.
            Source::Given(given) => given.get(self.made.len()).map_or(0, |taken| taken % options),
            Source::Drawn(random, manner) => draw(random, manner),
        };
        self.made.push(Choice { taken, options });
        taken
    }

    /// What was decided so far.
    pub(super) fn made(&self) -> &[Choice] {
        &self.made
    }

    pub(super) fn into_made(self) -> Vec<Choice> {
        self.made
    }
}

fn seldom(random: &mut Random, once_in: usize, options: usize) -> usize {
    if random.below(once_in) == 0 { random.below(options) } else { 0 }
}

/// So many lengths are as likely as each other.
const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_comes_first_and_then_the_first_option() {
        let mut choices = Choices::given(vec![1, 7]);
        assert_eq!([choices.of(2), choices.of(1), choices.of(3), choices.of(9)], [1, 0, 1, 0]);
        let made: Vec<_> = choices.into_made().iter().map(|choice| (choice.taken, choice.options)).collect();
        assert_eq!(made, [(1, 2), (1, 3), (0, 9)], "where there is one option, nothing is decided");
    }

    #[test]
    fn the_same_run_of_the_same_seed_decides_the_same() {
        let actors = [3, 1, 2].map(Actor);
        let drawn = |seed, number| {
            let mut choices = Choices::drawn(seed, number);
            for _ in 0..20 {
                choices.among(&actors);
                choices.of(5);
                choices.length(9);
            }
            choices.into_made()
        };
        for number in 0..4 {
            assert_eq!(drawn(7, number), drawn(7, number));
            assert_ne!(drawn(7, number), drawn(8, number));
            assert_ne!(drawn(7, number), drawn(7, number + 4));
        }
    }
}
