use waxwing::prelude::*;

/// Holds back what a client sends until its first line is whole.
#[derive(Extension)]
#[extension(tcp = LineConnection)]
pub(crate) struct Lines;

impl RootContext for Lines {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Lines)
    }
}

pub(crate) struct LineConnection {
    has_line: bool,
}

#[callbacks]
impl StreamContext for LineConnection {
    type Root = Lines;

    fn new(_: &Lines) -> Self {
        LineConnection { has_line: false }
    }

    fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
        self.has_line = self.has_line || data.bytes()?.contains(&b'\n');
        Ok(if self.has_line || data.end_of_stream() { Flow::Continue } else { Flow::Pause })
    }
}
