//! Shared data on hosts that do it in another way than Envoy.
#![forbid(unsafe_code)]
#![allow(missing_docs, reason = "a test")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use waxwing::__private::{Answer, Dispatcher, Guest, Host, enter};
use waxwing::prelude::*;

/// As ngx_wasm_module does it: a value is set only by its own number, which counts its changes, and one that does not
/// exist only by 0.
#[derive(Default)]
struct ComparingHost {
    values: RefCell<BTreeMap<Vec<u8>, Value>>,
    /// Says nothing of the number.
    is_silent: Cell<bool>,
}

/// With its number.
type Value = (Vec<u8>, u32);

impl Host for ComparingHost {
    fn shared_data(&self, key: &[u8]) -> Answer<Value> {
        let (value, cas) = self.values.borrow().get(key).cloned().ok_or(Status::NOT_FOUND)?;
        Ok((value, if self.is_silent.get() { 0 } else { cas }))
    }

    fn set_shared_data(&self, key: &[u8], value: &[u8], cas: u32) -> Answer {
        let mut values = self.values.borrow_mut();
        let (_, now) = values.get(key).cloned().unwrap_or_default();
        if cas != now {
            return Err(Status::CAS_MISMATCH);
        }
        values.insert(key.to_vec(), (value.to_vec(), now + 1));
        Ok(())
    }
}

type Act = Box<dyn Fn(SharedData<'_>) -> Result<()>>;

thread_local! {
    static ACT: RefCell<Option<Act>> = const { RefCell::new(None) };
}

#[derive(Extension)]
#[extension(http = Stream)]
struct Root;

impl RootContext for Root {
    type Config = ();

    fn configure(_config: (), cx: &mut Configure<'_>) -> Result<Self> {
        ACT.with(|act| act.borrow().as_ref().map_or(Ok(()), |act| act(cx.shared_data())))?;
        Ok(Root)
    }
}

struct Stream;

#[callbacks]
impl HttpContext for Stream {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        Stream
    }
}

/// Whether an extension that does this when it is configured comes through.
fn runs(host: &Rc<ComparingHost>, act: impl Fn(SharedData<'_>) -> Result<()> + 'static) -> bool {
    ACT.with(|place| place.replace(Some(Box::new(act))));
    let guest = Rc::new(Dispatcher::<Root>::new());
    let mut accepted = false;
    enter(host.clone(), guest.clone(), || {
        guest.on_context_create(1, 0);
        accepted = guest.on_configure(1, 0);
    });
    accepted
}

fn value(host: &ComparingHost, key: &str) -> Option<Vec<u8>> {
    host.values.borrow().get(key.as_bytes()).map(|(value, _)| value.clone())
}

#[test]
fn a_value_is_set_whether_or_not_it_exists() {
    let host = Rc::new(ComparingHost::default());
    assert!(runs(&host, |data| {
        data.set("a", "1")?;
        data.set("a", "2")?;
        data.set("b", "3")?;
        data.clear("b")
    }));
    assert_eq!(value(&host, "a").unwrap(), b"2");
    assert_eq!(value(&host, "b").unwrap(), b"");
}

#[test]
fn a_value_is_changed_whether_or_not_it_exists() {
    let host = Rc::new(ComparingHost::default());
    assert!(runs(&host, |data| {
        assert_eq!((data.increment("n", 1)?, data.increment("n", 2)?), (1, 3));
        let change = |text: Option<&[u8]>| Ok(Some([text.unwrap_or_default(), b"+"].concat()));
        data.update("text", change)?;
        data.update("text", change)?;
        Ok(())
    }));
    assert_eq!(value(&host, "n").unwrap(), 3_u64.to_le_bytes());
    assert_eq!(value(&host, "text").unwrap(), b"++");
}

#[test]
fn a_host_that_gives_no_number_lets_nothing_be_changed_but_read_and_made() {
    let host = Rc::new(ComparingHost::default());
    host.is_silent.set(true);
    assert!(runs(&host, |data| {
        data.set("a", "1")?;
        let (value, cas) = data.get("a")?.ok_or(Error::NotText)?;
        assert_eq!((value, cas.as_u32()), (&b"1"[..], 0));
        let refused = Error::Malformed { call: "proxy_get_shared_data", problem: "no number to compare by" };
        assert_eq!(data.compare_and_set("a", "2", cas), Err(refused.clone()));
        assert_eq!(data.update("a", |_| Ok(Some("2"))), Err(refused.clone()));
        assert_eq!(data.increment("n", 1)?, 1);
        assert_eq!(data.increment("n", 1), Err(refused));
        Ok(())
    }));
    assert_eq!(value(&host, "a").unwrap(), b"1");
}
