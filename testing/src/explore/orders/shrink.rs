//! The smallest sequence of choices that still fails.

/// Makes a failing sequence smaller as long as `fails` says that it still fails, in the same way: by taking the first
/// option where another one was taken, by leaving decisions out, and by taking smaller numbers.
///
/// `fails` gives back the choices that were made of those given, if they fail, and is asked at most so often.
pub(super) fn shrink(
    choices: Vec<usize>,
    mut attempts: usize,
    mut fails: impl FnMut(&[usize]) -> Option<Vec<usize>>,
) -> Vec<usize> {
    let mut best = trimmed(choices);
    let mut attempt = |candidate: Vec<usize>, best: &mut Vec<usize>| -> bool {
        let candidate = trimmed(candidate);
        if attempts == 0 || rank(&candidate) >= rank(best) {
            return false;
        }
        attempts -= 1;
        let Some(made) = fails(&candidate) else { return false };
        // What it came to is not always what was given.
        let made = trimmed(made);
        *best = if rank(&made) < rank(&candidate) { made } else { candidate };
        true
    };
    loop {
        let before = best.clone();
        for size in [16, 8, 4, 2, 1] {
            for change in [zeros, without] {
                let mut from = 0;
                while from < best.len() {
                    if !attempt(change(&best, from, size), &mut best) {
                        from += size;
                    }
                }
            }
        }
        // A decision that is not made any more can have others before the next one, or fewer.
        for at in 0..best.len() {
            for more in 1..=SHIFT_MAX {
                attempt(shifted(&best, at, more), &mut best);
            }
        }
        for at in 0..best.len() {
            while let Some(&taken) = best.get(at).filter(|taken| **taken > 1) {
                let mut smaller = [1, taken / 2, taken - 1].into_iter();
                if !smaller.any(|smaller| attempt(with(&best, at, smaller), &mut best)) {
                    break;
                }
            }
        }
        if best == before {
            return best;
        }
    }
}

/// Fewer decisions first, then shorter, then with smaller numbers.
fn rank(choices: &[usize]) -> (usize, usize, usize) {
    (choices.iter().filter(|taken| **taken != 0).count(), choices.len(), choices.iter().sum())
}

/// Without what is decided at the end in the same way without being given.
pub(super) fn trimmed(mut choices: Vec<usize>) -> Vec<usize> {
    let length = choices.iter().rposition(|taken| *taken != 0).map_or(0, |at| at + 1);
    choices.truncate(length);
    choices
}

fn zeros(choices: &[usize], from: usize, size: usize) -> Vec<usize> {
    let is_in = |at: usize| (from..from + size).contains(&at);
    choices.iter().enumerate().map(|(at, taken)| if is_in(at) { 0 } else { *taken }).collect()
}

fn without(choices: &[usize], from: usize, size: usize) -> Vec<usize> {
    let is_in = |at: usize| (from..from + size).contains(&at);
    choices.iter().enumerate().filter(|(at, _)| !is_in(*at)).map(|(_, taken)| *taken).collect()
}

/// With the first option in place of this one, and so many decisions for the first option behind it.
fn shifted(choices: &[usize], at: usize, more: usize) -> Vec<usize> {
    let mut choices = choices.to_vec();
    if choices.get(at).is_some_and(|taken| *taken != 0) {
        choices.splice(at..=at, std::iter::repeat_n(0, more + 1));
    }
    choices
}

fn with(choices: &[usize], at: usize, taken: usize) -> Vec<usize> {
    let mut choices = choices.to_vec();
    choices[at] = taken;
    choices
}

/// By how much decisions are moved.
const SHIFT_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_goes() {
        let fails = |choices: &[usize]| choices.contains(&3).then(|| choices.to_vec());
        assert_eq!(shrink(vec![1, 0, 5, 3, 2, 0, 0, 9], 1000, fails), [3]);
    }

    #[test]
    fn numbers_become_small() {
        let fails = |choices: &[usize]| (choices.first() > Some(&4)).then(|| choices.to_vec());
        assert_eq!(shrink(vec![100, 1], 1000, fails), [5]);
    }

    #[test]
    fn decisions_move_to_where_they_count() {
        let fails = |choices: &[usize]| {
            let counts = [&[1, 5][..], &[0, 0, 0, 5]].contains(&choices);
            counts.then(|| choices.to_vec())
        };
        assert_eq!(shrink(vec![1, 5], 1000, fails), [0, 0, 0, 5]);
    }

    #[test]
    fn it_ends_after_so_many_attempts() {
        let mut asked = 0;
        let choices = shrink(vec![1; 50], 3, |_| {
            asked += 1;
            None
        });
        assert_eq!((choices, asked), (vec![1; 50], 3));
    }

    #[test]
    fn what_was_made_of_it_counts() {
        let fails = |choices: &[usize]| (!choices.is_empty()).then(|| vec![1]);
        assert_eq!(shrink(vec![4, 4, 4], 1000, fails), [1]);
    }
}
