//! What a failed assertion prints.

use crate::core::Consulted;
use crate::table::{Extent, side_by_side};
use crate::timeline::{Timeline, Written};
use crate::{Event, HeaderList, Request, Response, failure, style};

/// All that is known of a stream when an assertion about it fails.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) sent: Request,
    pub(crate) forwarded: Option<Request>,
    /// What the upstream answered, if the host knows it.
    pub(crate) answered: Option<Response>,
    pub(crate) response: Option<Response>,
    /// The client did not receive all of a response.
    pub(crate) reset: bool,
    /// How often the extension had the route chosen anew.
    pub(crate) route_choices: usize,
    /// Whom the extension has asked before the request was forwarded.
    pub(crate) consulted: Vec<Consulted>,
    pub(crate) timeline: Timeline,
}

impl Default for Evidence {
    fn default() -> Self {
        Evidence {
            sent: Request::from_headers(HeaderList::new()),
            forwarded: None,
            answered: None,
            response: None,
            reset: false,
            route_choices: 0,
            consulted: Vec::new(),
            timeline: Timeline::default(),
        }
    }
}

impl Evidence {
    /// Fails the test: the problem, both messages before and after the extension, and the timeline.
    #[track_caller]
    pub(crate) fn fail(&self, problem: &str, written: Option<&Written<'_>>) -> ! {
        let mut trap = String::new();
        // It is the reason for most of what is wrong then.
        for event in self.timeline.events() {
            if let Event::Trap(of) = event {
                trap = format!("\n{}", style::painted(style::MARK, &format!("the extension trapped: {of}")));
            }
        }
        failure::fail(&format!("{problem}{trap}{}", self.to_text(written)));
    }

    /// For a terminal, with styles.
    pub(crate) fn to_text(&self, written: Option<&Written<'_>>) -> String {
        let mut text = self.messages(Extent::Terminal);
        if !self.timeline.events().is_empty() {
            text += "\n\n";
            text += &self.timeline.to_text(written);
        }
        text
    }

    /// For a snapshot, without styles.
    pub(crate) fn to_trace(&self) -> String {
        let mut text = style::plain(&self.messages(Extent::Whole));
        if !self.timeline.events().is_empty() {
            text += "\n\ntimeline";
            text += &self.timeline.lines();
        }
        text
    }

    fn messages(&self, extent: Extent) -> String {
        let forwarded = self.forwarded.as_ref().map(Request::parts);
        let mut text = side_by_side("sent", Some(self.sent.parts()), "forwarded", forwarded, extent);
        let [answered, response] =
            [&self.answered, &self.response].map(|message| message.as_ref().map(Response::parts));
        if answered.is_some() || response.is_some() {
            text += &side_by_side("answered", answered, "received", response, extent);
        }
        text
    }
}
