//! A stream may have a keyword's name.
#![allow(non_camel_case_types)]

use waxwing::prelude::*;

#[derive(Extension)]
#[extension(http = r#type)]
struct Root;

impl RootContext for Root {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Root)
    }
}

struct r#type;

#[callbacks]
impl HttpContext for r#type {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        r#type
    }
}

fn main() {}
