//! The tests of a function.

use crate::attr::Arguments;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Error, ItemFn, Result};

/// The function as it was, and beside it a module of its name with one test for each host.
pub(crate) fn tests(arguments: &Arguments, mut function: ItemFn) -> Result<TokenStream> {
    check(&function)?;
    // What is said about the function as a test is said about each test.
    let (kept, moved): (Vec<_>, Vec<_>) = function.attrs.drain(..).partition(stays);
    function.attrs = kept;
    // A function behind a `cfg` has its tests there.
    let condition = function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let Arguments { extension, package, krate, .. } = arguments;
    let (name, returned) = (&function.sig.ident, &function.sig.output);
    let tests = arguments.hosts.iter().map(|host| {
        let host = &host.name;
        let runner = match host == "native" {
            true => quote!(#krate::__private::native::<#extension>()),
            false => quote!(#krate::__private::#host(#package)),
        };
        quote! {
            #(#moved)*
            #[::core::prelude::v1::test]
            fn #host() #returned {
                let runner = #runner;
                super::#name(#krate::__private::given(&runner))
            }
        }
    });
    Ok(quote! {
        #function

        #(#condition)*
        mod #name {
            #[allow(unused_imports, reason = "the extension may be named by its whole path")]
            use super::*;

            #(#tests)*
        }
    })
}

/// Whether an attribute is about the function, and not about the tests that are made of it.
fn stays(attribute: &Attribute) -> bool {
    ["doc", "cfg", "allow", "expect", "warn", "deny", "track_caller"]
        .iter()
        .any(|name| attribute.path().is_ident(name))
}

fn check(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if let Some(keyword) = signature.asyncness {
        return Err(Error::new_spanned(
            keyword,
            "a test of an extension is not async: the host has a clock of its own",
        ));
    }
    if signature.inputs.len() != 1 {
        return Err(Error::new_spanned(
            &signature.ident,
            "the function takes one argument: `host: HostBuilder`, or `host: &dyn Runner` for scenarios",
        ));
    }
    if let Some(test) = function.attrs.iter().find(|attribute| attribute.path().is_ident("test")) {
        return Err(Error::new_spanned(test, "the attribute makes the tests: take this `#[test]` away"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_str;

    fn expanded(arguments: &str, function: &str) -> Result<String> {
        Ok(tests(&parse_str(arguments)?, parse_str(function)?)?.to_string())
    }

    #[test]
    fn each_host_has_a_test_with_what_is_said_about_the_function() {
        let code =
            expanded("extension = A", "#[should_panic] #[cfg(x)] fn f(host: HostBuilder) -> T {}").unwrap();
        assert_eq!(code.matches("should_panic").count(), 2, "{code}");
        // Of the function and of the module, not of each test.
        assert_eq!(code.matches("cfg (x)").count(), 2, "{code}");
        assert!(code.contains("fn native () -> T") && code.contains("fn wasm () -> T"), "{code}");
    }

    #[test]
    fn what_cannot_be_a_test_is_refused() {
        let refusal = |function| expanded("extension = A", function).unwrap_err().to_string();
        assert!(refusal("fn f() {}").contains("takes one argument"));
        assert!(refusal("async fn f(host: HostBuilder) {}").contains("not async"));
        assert!(refusal("#[test] fn f(host: HostBuilder) {}").contains("take this `#[test]` away"));
    }
}
