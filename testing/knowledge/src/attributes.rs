//! Attributes of each type that a host has without TLS.

use std::time::Duration;
use waxwing::attributes::{Float, Path, Text, connection, destination, plugin, request, response, source};
use waxwing::prelude::*;

/// What is known when a request has arrived.
pub(crate) fn of_request(view: &RequestHeaders<'_>) -> Result<()> {
    let know = |name: &str, value: String| view.log(LogLevel::Info, &format!("{name}: {value}"));
    know("text", format!("{:?}", view.attribute(request::METHOD)?));
    know("text with a query", format!("{:?}", view.attribute(request::PATH)?));
    know("text of the plugin", format!("{:?}", view.attribute(plugin::NAME)?));
    know("bytes of text", format!("{:?}", view.attribute_bytes(request::HOST)?.is_some()));
    know("true or false", format!("{:?}", view.attribute(connection::MTLS)?));
    let port = view.attribute(source::PORT)?;
    let address = view.attribute(source::ADDRESS)?;
    know("address", format!("{:?}", address.and_then(|address| address.ip())));
    know("whole number", yes_or_no(port.is_some() && port == address.and_then(|address| address.port())));
    let own = view.attribute(destination::ADDRESS)?;
    know("address of the proxy", format!("{:?}", own.and_then(|address| address.ip())));
    let began = view.attribute(request::TIME)?.ok_or_else(|| Error::new("no time"))?;
    let passed = view.current_time()?.checked_sub(began);
    know("time", yes_or_no(passed.is_some_and(|passed| passed < Duration::from_secs(60))));
    let own = |name: &[u8]| name.starts_with(b"x-a");
    let headers = view.attribute(request::HEADERS)?.ok_or_else(|| Error::new("no headers"))?;
    for (name, value) in headers.filter(|(name, _)| own(name)) {
        know("entry of a map", format!("{} = {}", name.escape_ascii(), value.escape_ascii()));
    }
    know("entry by its key", format!("{:?}", view.attribute(entry("request", "x-a").of::<Text>())?));
    know("no entry", format!("{:?}", view.attribute(entry("request", "x-none").of::<Text>())?));
    know("nothing yet", format!("{:?}", view.attribute(response::CODE)?));
    know("no metadata", format!("{:?}", view.attribute(Path::metadata("none").then("score").of::<Float>())?));
    know("nothing of TLS", format!("{:?}", view.attribute(connection::TLS_VERSION)?));
    Ok(())
}

/// What is known when all is over.
pub(crate) fn of_log(view: &StreamLog<'_>) -> Result<()> {
    let know = |name: &str, value: String| view.log(LogLevel::Info, &format!("in the end, {name}: {value}"));
    let took = view.attribute(request::DURATION)?;
    know("duration", yes_or_no(took.is_some_and(|took| took < Duration::from_secs(60))));
    know("small number", format!("{:?}", view.attribute(response::CODE)?));
    know("large number", format!("{:?}", view.attribute(request::SIZE)?));
    know("entry of a map", format!("{:?}", view.attribute(entry("response", "x-b").of::<Text>())?));
    Ok(())
}

/// The path of an entry of the headers, of which the host gives that alone.
fn entry(message: &str, name: &str) -> Path {
    Path::new([message, "headers", name])
}

fn yes_or_no(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}
