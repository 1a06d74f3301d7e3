//! How much time has passed, by ticks that come and a clock that can be wrong.

/// The tick of a root context, and the time that it keeps.
///
/// That time goes forward only. A tick proves that its period has passed; what the clock says beyond that, and between
/// ticks, counts as far as it can be true.
#[derive(Debug, Default)]
pub(super) struct Time {
    /// Nanoseconds, when the tick was set or came last.
    base: u64,
    /// The host's clock at that moment.
    clock: Option<u64>,
    /// In milliseconds; 0 while there are no ticks.
    period: u32,
    /// Whether the clock is missing, or stands still.
    blind: bool,
    /// While the callbacks of a tick run.
    ticking: bool,
}

/// A tick to set: the period, and when it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(super) root: u32,
    /// In milliseconds.
    pub(crate) period: u32,
    now: u64,
    clock: Option<u64>,
}

const MILLISECOND: u64 = 1_000_000;

/// The longest period in milliseconds, so that what a wrong clock does is over soon.
const LONGEST: u64 = 60_000;

/// The longest one without a clock, where time stands still between ticks.
const LONGEST_BLIND: u64 = 100;

/// How much later than its period a tick can be by the clock.
const MOST_LATE: u64 = 1_000 * MILLISECOND;

impl Time {
    /// A tick has come, and its callbacks are about to run.
    pub(super) fn tick(&mut self, clock: Option<u64>) {
        let period = self.period();
        let most = period.saturating_add(period.min(MOST_LATE));
        let passed = self.passed(clock);
        self.base = self.base.saturating_add(passed.unwrap_or(0).clamp(period, most));
        self.blind = match passed {
            // Before this there were no ticks, and so no time in which the clock could have moved.
            Some(0) => period != 0 && self.clock == clock,
            Some(_) => false,
            None => true,
        };
        self.clock = clock;
        self.ticking = true;
    }

    /// The time at the last tick.
    pub(super) fn at_tick(&self) -> u64 {
        self.base
    }

    /// The time now, to begin something.
    pub(super) fn now(&self, clock: Option<u64>) -> u64 {
        let period = self.period();
        let passed = match self.passed(clock) {
            Some(passed) if !self.blind => passed.min(period),
            // In a tick no time has passed since it; between two of them nobody knows, and late is better than early.
            _ if self.ticking => 0,
            _ => period,
        };
        self.base.saturating_add(passed)
    }

    /// The tick to set because something begins that is due then; none if the next tick comes in time.
    pub(super) fn begin(&mut self, root: u32, deadline: u64, clock: Option<u64>) -> Option<Tick> {
        if self.ticking {
            return None;
        }
        if self.period == 0 {
            self.blind = clock.is_none();
        } else if deadline >= self.base.saturating_add(self.period()) {
            return None;
        }
        Some(self.until(root, deadline, self.now(clock), clock))
    }

    /// The callbacks of a tick have run: the tick to set for what is due then; none if it is set like that already.
    pub(super) fn end_tick(&mut self, root: u32, deadline: Option<u64>) -> Option<Tick> {
        self.ticking = false;
        let tick = match deadline {
            Some(deadline) => self.until(root, deadline, self.base, self.clock),
            None => Tick { root, period: 0, now: self.base, clock: self.clock },
        };
        (tick.period != self.period).then_some(tick)
    }

    /// The host has accepted a tick.
    pub(super) fn has_set(&mut self, tick: Tick) {
        self.base = tick.now.max(self.base);
        self.clock = tick.clock;
        self.period = tick.period;
    }

    fn until(&self, root: u32, deadline: u64, now: u64, clock: Option<u64>) -> Tick {
        let longest = if self.blind { LONGEST_BLIND } else { LONGEST };
        let period = deadline.saturating_sub(now).div_ceil(MILLISECOND).clamp(1, longest);
        Tick { root, period: u32::try_from(period).unwrap_or(u32::MAX), now, clock }
    }

    /// What has passed since the last tick by the clock, which may have been set back; `None` without a clock.
    fn passed(&self, clock: Option<u64>) -> Option<u64> {
        Some(clock?.saturating_sub(self.clock?))
    }

    /// In nanoseconds.
    fn period(&self) -> u64 {
        u64::from(self.period).saturating_mul(MILLISECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> u64 {
        milliseconds * MILLISECOND
    }

    /// A context whose tick was set to `period` milliseconds when the clock was there.
    fn ticking(period: u64, clock: Option<u64>) -> Time {
        let mut time = Time::default();
        let tick = time.begin(1, ms(period), clock).unwrap();
        time.has_set(tick);
        time
    }

    #[test]
    fn a_tick_proves_that_its_period_has_passed_whatever_the_clock_says() {
        for clock in [Some(ms(1_000)), Some(ms(1_001)), Some(ms(1)), None] {
            let mut time = ticking(100, Some(ms(1_000)));
            time.tick(clock);
            assert_eq!(time.at_tick(), ms(100), "{clock:?}");
        }
    }

    #[test]
    fn a_late_tick_counts_as_the_clock_says_and_as_one_more_at_most() {
        for (later, counted) in [(107, 107), (200, 200), (201, 200), (3_600_000, 200)] {
            let mut time = ticking(100, Some(0));
            time.tick(Some(ms(later)));
            assert_eq!(time.at_tick(), ms(counted));
        }
        let mut time = ticking(60_000, Some(0));
        time.tick(Some(ms(3_600_000)));
        assert_eq!(time.at_tick(), ms(61_000));
    }

    #[test]
    fn between_ticks_the_clock_counts_until_the_next_one_would_have_come() {
        let mut time = ticking(100, Some(ms(500)));
        for (clock, passed) in [(500, 0), (530, 30), (600, 100), (10_000, 100), (400, 0)] {
            assert_eq!(time.now(Some(ms(clock))), ms(passed), "{clock}");
        }
        // The sooner of two is set, and what has passed is not lost.
        let tick = time.begin(1, ms(50), Some(ms(530))).unwrap();
        assert_eq!(tick.period, 20);
        time.has_set(tick);
        assert_eq!(time.begin(1, ms(50), Some(ms(531))), None);
        time.tick(Some(ms(550)));
        assert_eq!(time.at_tick(), ms(50));
        assert_eq!(time.end_tick(1, Some(ms(100))).map(|tick| tick.period), Some(50));
    }

    #[test]
    fn a_tick_is_set_anew_only_if_its_period_changes_and_stopped_when_nothing_is_due() {
        let mut time = ticking(100, Some(0));
        time.tick(Some(ms(100)));
        assert_eq!(time.begin(1, ms(101), Some(ms(100))), None, "the end of the tick sees to that");
        assert_eq!(time.end_tick(1, Some(ms(200))), None);
        time.tick(Some(ms(200)));
        let stop = time.end_tick(1, None).unwrap();
        assert_eq!(stop.period, 0);
        time.has_set(stop);
        // While there were no ticks no time is kept.
        assert_eq!(time.now(Some(ms(9_000))), ms(200));
        assert_eq!(time.begin(1, ms(230), Some(ms(9_000))).map(|tick| tick.period), Some(30));
    }

    #[test]
    fn without_a_clock_ticks_are_short_and_nothing_begins_too_early() {
        for clocks in [[None; 3], [Some(7); 3]] {
            let mut time = ticking(5_000, clocks[0]);
            time.tick(clocks[1]);
            if let Some(tick) = time.end_tick(1, Some(ms(100_000))) {
                time.has_set(tick);
            }
            assert_eq!(time.period, 100);
            // Somewhere in the tick, and so at its end at the latest; the tick goes on.
            let now = time.now(clocks[2]);
            assert_eq!(now, time.at_tick() + ms(100));
            assert_eq!(time.begin(1, now + ms(1), clocks[2]), None);
            time.tick(clocks[2]);
            assert_eq!(time.now(clocks[2]), time.at_tick());
        }
    }

    #[test]
    fn a_far_deadline_is_reached_in_ticks_of_a_minute() {
        let mut time = ticking(60 * 24 * 3_600_000, Some(0));
        assert_eq!(time.period, 60_000);
        time.tick(Some(ms(60_000)));
        assert_eq!(time.end_tick(1, Some(u64::MAX)), None);
    }
}
