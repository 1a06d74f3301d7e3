//! What is said in the attribute.

use proc_macro2::Span;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Path, Result, Token, Type, parenthesized, parse_quote};

/// The keys of the attribute.
pub(crate) struct Arguments {
    pub(crate) extension: Type,
    pub(crate) package: Expr,
    pub(crate) hosts: Vec<Host>,
    /// The path of the `waxwing_testing` crate.
    pub(crate) krate: Path,
}

/// A host, where the attribute names it.
pub(crate) struct Host {
    pub(crate) name: Ident,
}

/// The hosts that there are.
const HOSTS: [&str; 3] = ["native", "wasm", "envoy"];

const KEYS: &str =
    "expected `extension = Type`, `package = \"name\"`, `hosts(native, wasm, envoy)` or `crate = path`";

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut extension, mut package, mut krate) = (None, None, None);
        let mut hosts = None::<Vec<Host>>;
        while !input.is_empty() {
            let key: Ident = input.call(syn::ext::IdentExt::parse_any)?;
            match key.to_string().as_str() {
                "extension" => set(&mut extension, &key, parse_value(input)?)?,
                "package" => set(&mut package, &key, parse_value::<Expr>(input)?)?,
                "crate" => set(&mut krate, &key, parse_value(input)?)?,
                "hosts" => {
                    let list;
                    parenthesized!(list in input);
                    let list = Punctuated::<Host, Token![,]>::parse_terminated(&list)?;
                    set(&mut hosts, &key, list.into_iter().collect())?;
                }
                _ => return Err(Error::new(key.span(), KEYS)),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        let extension = extension.ok_or_else(|| {
            Error::new(Span::call_site(), "which extension is tested? `extension = Type` says it")
        })?;
        check_path(&extension)?;
        let hosts = hosts.unwrap_or_else(|| HOSTS[..2].iter().map(|name| Host::new(name)).collect());
        check_hosts(&hosts)?;
        Ok(Arguments {
            extension,
            package: package.unwrap_or_else(|| parse_quote!(::core::env!("CARGO_PKG_NAME"))),
            hosts,
            krate: krate.unwrap_or_else(|| parse_quote!(::waxwing_testing)),
        })
    }
}

impl Parse for Host {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name: Ident = input.parse()?;
        if !HOSTS.iter().any(|host| name == host) {
            let message = format!("there is no host `{name}`; there are {}", HOSTS.join(", "));
            return Err(Error::new(name.span(), message));
        }
        Ok(Host { name })
    }
}

impl Host {
    fn new(name: &str) -> Self {
        Host { name: Ident::new(name, Span::call_site()) }
    }
}

/// What stands behind the `=` of a key.
fn parse_value<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn set<T>(slot: &mut Option<T>, key: &Ident, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(key.span(), format!("`{key}` is said twice"))),
    }
}

/// Refuses a path that means something else in the module of the tests.
fn check_path(extension: &Type) -> Result<()> {
    let Type::Path(path) = extension else { return Ok(()) };
    let first = path.path.segments.first().map(|segment| segment.ident.to_string());
    match first.as_deref() {
        Some("self" | "super") if path.qself.is_none() => {
            let message = format!(
                "the tests are in a module of their own, where `{}` is something else; import the type, or write its path \
                 from `crate`",
                path.to_token_stream()
            );
            Err(Error::new_spanned(extension, message))
        }
        _ => Ok(()),
    }
}

fn check_hosts(hosts: &[Host]) -> Result<()> {
    if hosts.is_empty() {
        return Err(Error::new(Span::call_site(), "without a host there is no test"));
    }
    for (at, host) in hosts.iter().enumerate() {
        if hosts[..at].iter().any(|other| other.name == host.name) {
            return Err(Error::new(host.name.span(), format!("`{}` is said twice", host.name)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(arguments: &str) -> String {
        match syn::parse_str::<Arguments>(arguments) {
            Ok(_) => panic!("`{arguments}` is not refused"),
            Err(error) => error.to_string(),
        }
    }

    fn hosts(arguments: &str) -> Vec<String> {
        let arguments = syn::parse_str::<Arguments>(arguments).unwrap();
        arguments.hosts.iter().map(|host| host.name.to_string()).collect()
    }

    #[test]
    fn without_hosts_those_of_the_model_are_meant() {
        assert_eq!(hosts("extension = Auth"), ["native", "wasm"]);
        assert_eq!(
            hosts("hosts(envoy, native), extension = crate::Auth, package = \"auth\""),
            ["envoy", "native"]
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(refusal(""), "which extension is tested? `extension = Type` says it");
        assert_eq!(refusal("extension = A, on(native)"), KEYS);
        assert_eq!(refusal("extension = A, extension = B"), "`extension` is said twice");
        assert_eq!(
            refusal("extension = A, hosts(nginx)"),
            "there is no host `nginx`; there are native, wasm, envoy"
        );
        assert_eq!(refusal("extension = A, hosts(wasm, wasm)"), "`wasm` is said twice");
        assert_eq!(refusal("extension = A, hosts()"), "without a host there is no test");
        assert!(refusal("extension = super::A").contains("write its path from `crate`"));
    }
}
