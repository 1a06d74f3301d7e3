//! The maps of the ABI: which of them can be read now, and which changed.

use super::direction::Side;
use super::field::Owner;
use super::stream::{State, Stream};
use super::{HostCore, maps};
use crate::HeaderList;
use crate::misuse::Misuse;
use std::rc::Rc;
use waxwing::__private::{Answer, MapType};
use waxwing::Status;

impl HostCore {
    /// The block of a map; empty if it cannot be read now.
    pub(super) fn map_block(&self, stream: Option<&Rc<Stream>>, map: MapType) -> Answer<Vec<u8>> {
        check(map)?;
        if let Some(block) = self.with_callout_map(map, |list| list.map(maps::encode)) {
            return Ok(block.unwrap_or_default());
        }
        let Some(stream) = stream else { return Ok(Vec::new()) };
        let block = readable(&stream.state(), map).map(maps::encode);
        if block.is_none() {
            self.flag_no_map(stream, map);
        }
        Ok(block.unwrap_or_default())
    }

    /// The first value of that name in a map.
    pub(super) fn map_value(&self, stream: Option<&Rc<Stream>>, map: MapType, key: &[u8]) -> Answer<Vec<u8>> {
        check(map)?;
        let value = |list: Option<&HeaderList>| {
            let list = list.ok_or(Status::BAD_ARGUMENT)?;
            list.get(key).map(<[u8]>::to_vec).ok_or(Status::NOT_FOUND)
        };
        if let Some(value) = self.with_callout_map(map, value) {
            return value;
        }
        let stream = stream.ok_or(Status::BAD_ARGUMENT)?;
        let get = |list| maps::get(list, owner(map), key).map(<[u8]>::to_vec).ok_or(Status::NOT_FOUND);
        if let Some(value) = readable(&stream.state(), map).map(get) {
            return value;
        }
        if stream.state().logging {
            return Err(Status::NOT_FOUND);
        }
        self.flag_no_map(stream, map);
        Err(Status::BAD_ARGUMENT)
    }

    /// Reads a map of the callout whose end the guest is being told of, whatever context it acts on.
    fn with_callout_map<T>(&self, map: MapType, read: impl FnOnce(Option<&HeaderList>) -> T) -> Option<T> {
        if let MapType::GRPC_INITIAL_METADATA | MapType::GRPC_TRAILING_METADATA = map {
            let initial = map == MapType::GRPC_INITIAL_METADATA;
            return self.with_grpc_metadata(initial, |metadata| read(Some(metadata)));
        }
        self.with_callout_response(|response| match map {
            MapType::HTTP_CALL_RESPONSE_HEADERS => Some(read(Some(&response.headers))),
            // One without trailers has no such map.
            MapType::HTTP_CALL_RESPONSE_TRAILERS => {
                Some(read(Some(&response.trailers).filter(|trailers| !trailers.is_empty())))
            }
            _ => None,
        })
        .flatten()
    }

    /// Changes a map.
    pub(super) fn edit_map(
        &self,
        stream: Option<&Rc<Stream>>,
        map: MapType,
        edit: impl FnOnce(&mut HeaderList, Owner),
    ) -> Answer {
        check(map)?;
        let stream = stream.ok_or(Status::BAD_ARGUMENT)?;
        if writable(&mut stream.state_mut(), map).is_none() {
            self.flag_no_map(stream, map);
            return Err(Status::BAD_ARGUMENT);
        }
        let mut state = stream.state_mut();
        let list = writable(&mut state, map).ok_or(Status::BAD_ARGUMENT)?;
        let fixed = self.fixed_headers(list);
        edit(list, owner(map));
        self.put_back(list, &fixed);
        Ok(())
    }
}

impl HostCore {
    /// Flags that a map cannot be reached now: one of a message, whose time is known to whoever asks.
    fn flag_no_map(&self, stream: &Stream, map: MapType) {
        let name = match map {
            MapType::HTTP_REQUEST_HEADERS => "request headers",
            MapType::HTTP_RESPONSE_HEADERS => "response headers",
            MapType::HTTP_REQUEST_TRAILERS => "request trailers",
            MapType::HTTP_RESPONSE_TRAILERS => "response trailers",
            _ => return,
        };
        if !stream.state().logging {
            let text = format!("the {name} are reached for, and are not there yet, or have gone");
            self.flag(stream, Misuse::OutOfPhase, text);
        }
    }
}

/// The numbers of the ABI end at 7; those from 4 on are maps of callouts.
fn check(map: MapType) -> Answer {
    if map.0 > 7 { Err(Status::BAD_ARGUMENT) } else { Ok(()) }
}

fn owner(map: MapType) -> Owner {
    match map {
        MapType::HTTP_REQUEST_HEADERS => Owner::Request,
        MapType::HTTP_RESPONSE_HEADERS => Owner::Response,
        MapType::HTTP_REQUEST_TRAILERS => Owner::RequestTrailers,
        _ => Owner::ResponseTrailers,
    }
}

/// The map, if it can be read now.
fn readable(state: &State, map: MapType) -> Option<&HeaderList> {
    let (request, response) = (&state.request, &state.response);
    let (list, live) = match map {
        MapType::HTTP_REQUEST_HEADERS => (&request.headers, request.headers_live || state.logging),
        // Not part of what a host logs.
        MapType::HTTP_REQUEST_TRAILERS => (&request.trailers, request.trailers_live && !state.logging),
        MapType::HTTP_RESPONSE_HEADERS => (&response.headers, response.headers_live || state.logging),
        MapType::HTTP_RESPONSE_TRAILERS => (&response.trailers, response.trailers_live || state.logging),
        _ => return None,
    };
    list.as_ref().filter(|_| live)
}

/// The map, if it can be changed now. Asking for the trailers of a message that ends here makes them.
fn writable(state: &mut State, map: MapType) -> Option<&mut HeaderList> {
    let side = match map {
        MapType::HTTP_REQUEST_HEADERS | MapType::HTTP_REQUEST_TRAILERS => Side::Request,
        _ => Side::Response,
    };
    let direction = state.direction_mut(side);
    match map {
        MapType::HTTP_REQUEST_HEADERS | MapType::HTTP_RESPONSE_HEADERS => {
            direction.headers.as_mut().filter(|_| direction.headers_live)
        }
        MapType::HTTP_REQUEST_TRAILERS | MapType::HTTP_RESPONSE_TRAILERS => {
            if direction.may_create_trailers() {
                direction.trailers = Some(HeaderList::new());
                direction.trailers_live = true;
            }
            direction.trailers.as_mut().filter(|_| direction.trailers_live)
        }
        _ => None,
    }
}
