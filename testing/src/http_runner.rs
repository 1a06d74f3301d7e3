//! The clients of scenarios, on the host model.

use crate::attempt::Stop;
use crate::client::{Client, Deed};
use crate::host::Host;
use crate::phase::EndOfStream;
use crate::stream::HttpStream;
use crate::{Exchange, HeaderList};
use std::time::Duration;

/// Lets the clients do what they do, at once, until each has its response or has gone. `begun` gets to know the stream of
/// each, which has received nothing yet.
///
/// # Errors
///
/// If one of them waits for what will not come.
pub(crate) fn play(
    host: &Host,
    clients: &[Client],
    mut begun: impl FnMut(&Client, &HttpStream),
) -> Result<Vec<Exchange>, Stop> {
    let mut deeds: Vec<(Duration, usize, Deed)> = Vec::new();
    for (index, client) in clients.iter().enumerate() {
        deeds.extend(client.deeds().into_iter().map(|(time, deed)| (time, index, deed)));
    }
    // Those of one time in the order of the clients.
    deeds.sort_by_key(|(time, index, _)| (*time, *index));
    let mut streams: Vec<Option<HttpStream>> = clients.iter().map(|_| None).collect();
    let mut now = Duration::ZERO;
    for (time, index, deed) in deeds {
        if time > now {
            host.clock().advance(time - now);
            now = time;
        }
        let client = &clients[index];
        let stream = streams[index].get_or_insert_with(|| {
            let stream = host.worker(client.worker()).begin_answered();
            begun(client, &stream);
            stream
        });
        match deed {
            Deed::Leave => stream.disconnect(),
            // A client that has its response does not go on with its request.
            Deed::Send(part) if part > 0 && stream.has_ended() => {}
            Deed::Send(part) => send(stream, client, part),
        }
    }
    streams.iter().flatten().map(HttpStream::try_finish).collect()
}

/// Sends the headers, or a piece of the body, or what ends the request.
#[track_caller]
fn send(stream: &HttpStream, client: &Client, part: usize) {
    let request = client.request();
    let ends = |end: bool| if end && client.stop.is_none() { EndOfStream::Yes } else { EndOfStream::No };
    let Some(piece) = part.checked_sub(1) else {
        return stream.send_request_headers(request, ends(request.is_headers_only()));
    };
    match request.body.pieces(!request.trailers.is_empty()).into_iter().nth(piece) {
        Some((piece, end)) => stream.send_request_body(piece, ends(end)),
        None => stream.send_request_trailers::<Vec<u8>, Vec<u8>>(owned(&request.trailers)),
    }
}

fn owned(list: &HeaderList) -> Vec<(Vec<u8>, Vec<u8>)> {
    list.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}
