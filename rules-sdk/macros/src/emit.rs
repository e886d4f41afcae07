//! The code that a pack becomes.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, Result};
use tripline_abi::manifest::{List, Manifest, PatternKind};

use crate::capture;
use crate::pack::Pack;
use crate::rule::{On, Parameter, Rule, Wake};
use crate::setting::Setting;

/// A name as an identifier, raw if it is a keyword.
pub(crate) fn name(name: &str, span: Span) -> Result<Ident> {
    match syn::parse_str::<Ident>(name) {
        Ok(_) => Ok(Ident::new(name, span)),
        Err(_) if !["self", "Self", "super", "crate", "_"].contains(&name) => Ok(Ident::new_raw(name, span)),
        Err(_) => Err(Error::new(span, format!("expected a name, found the keyword `{name}`"))),
    }
}

/// An identifier's text, without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    ident.unraw().to_string()
}

pub(crate) fn pack(pack: &Pack) -> Result<TokenStream> {
    let item = &pack.item;
    let (impl_generics, _, clause) = item.generics.split_for_impl();
    let ty = &item.self_ty;
    let settings = settings(&pack.settings);
    let names = names(&pack.manifest)?;
    let mut on_event = TokenStream::new();
    let mut on_tick = TokenStream::new();
    for (number, rule) in pack.rules.iter().enumerate() {
        let code = self::rule(number as u32, rule, &pack.manifest)?;
        if matches!(rule.on, On::Tick(_)) { &mut on_tick } else { &mut on_event }.extend(code);
    }
    let json = Literal::byte_string(pack.json.as_bytes());
    let length = pack.json.len();
    Ok(quote! {
        #item
        #settings
        #names

        impl #impl_generics ::tripline_sdk::Pack for #ty #clause {
            type Settings = Settings;
            const MANIFEST: &'static [u8] = #json;

            fn judge(
                &mut self,
                event: &::tripline_sdk::Event<'_>,
                settings: &Settings,
                replies: &mut ::tripline_sdk::Replies,
            ) {
                if event.is_tick() {
                    #on_tick
                } else {
                    #on_event
                }
            }
        }

        const _: () = assert!(
            <#ty as ::tripline_sdk::State>::MOST_BYTES <= ::tripline_sdk::STATE_BYTES,
            "the helpers in a pack's state may keep 1 MiB together: give some of them a smaller bound"
        );

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[unsafe(link_section = "tripline.manifest")]
            pub static MANIFEST: [u8; #length] = *#json;
        };

        ::tripline_sdk::export!(#ty);
    })
}

fn settings(settings: &[Setting]) -> TokenStream {
    let names: Vec<&Ident> = settings.iter().map(|setting| &setting.name).collect();
    let texts: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let types: Vec<TokenStream> = settings.iter().map(Setting::rust_type).collect();
    let readers: Vec<TokenStream> = settings.iter().map(Setting::rust_reader).collect();
    let visible = settings.iter().map(Setting::rust_visibility);
    let docs: Vec<String> = settings.iter().map(Setting::rust_docs).collect();
    let defaults: Option<Vec<TokenStream>> = settings.iter().map(Setting::rust_default).collect();
    let default = defaults.map(|defaults| {
        quote! {
            impl ::std::default::Default for Settings {
                fn default() -> Self {
                    Settings { #(#names: #defaults),* }
                }
            }
        }
    });
    quote! {
        /// What an operator gives this pack, checked by the host.
        #[derive(Clone, Debug)]
        #[allow(unreachable_pub, dead_code)]
        pub struct Settings {
            #(#[doc = #docs] #visible #names: #types,)*
        }

        #default

        impl ::tripline_sdk::Settings for Settings {
            fn read(open: &::tripline_sdk::abi::Open<'_>) -> ::std::result::Result<Self, ::std::string::String> {
                let _ = open;
                ::std::result::Result::Ok(Settings {
                    #(#names: #readers(open, #texts)?,)*
                })
            }
        }
    }
}

/// The modules `pattern` and `field`: what a rule asks an event for, checked by the compiler.
fn names(manifest: &Manifest) -> Result<TokenStream> {
    let mut patterns = TokenStream::new();
    for (number, pattern) in manifest.patterns.iter().enumerate() {
        let (number, module) = (number as u32, name(&pattern.name, Span::call_site())?);
        let constant = constant(&pattern.name);
        let list = match &pattern.kind {
            PatternKind::Regex { .. } => None,
            kind => kind.list().and_then(|list| match list {
                List::Given(entries) => Some(quote!(pub const LIST: &[&str] = &[#(#entries),*];)),
                List::Setting(_) => None,
            }),
        };
        let captures = pattern.captures.iter().enumerate().map(|(i, capture)| {
            let (i, capture) = (i as u32, self::constant(capture));
            quote!(pub const #capture: ::tripline_sdk::CaptureId = ::tripline_sdk::CaptureId::new(#number, #i);)
        });
        patterns.extend(quote! {
            pub const #constant: ::tripline_sdk::PatternId = ::tripline_sdk::PatternId::new(#number);
            pub mod #module {
                #list
                #(#captures)*
            }
        });
    }
    let fields = manifest.field_names().into_iter().enumerate().map(|(number, field)| {
        let (number, field) = (number as u32, constant(field));
        quote!(pub const #field: ::tripline_sdk::FieldId = ::tripline_sdk::FieldId::new(#number);)
    });
    Ok(quote! {
        #[allow(unreachable_pub, dead_code, missing_docs)]
        pub mod pattern {
            #patterns
        }
        #[allow(unreachable_pub, dead_code, missing_docs)]
        pub mod field {
            #(#fields)*
        }
    })
}

/// A name in capitals; what no identifier takes becomes an underscore.
fn constant(name: &str) -> Ident {
    let upper = name.to_ascii_uppercase();
    let clean: String = upper.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    match clean.starts_with(|c: char| c.is_ascii_digit()) {
        true => format_ident!("_{clean}"),
        false => format_ident!("{clean}"),
    }
}

/// Runs one rule at most once: for the first entry of its `on` that holds and gives every parameter.
fn rule(number: u32, rule: &Rule, manifest: &Manifest) -> Result<TokenStream> {
    let skip = if matches!(rule.on, On::Any(_)) { quote!(continue) } else { quote!(break 'rule) };
    let (mut takes, mut arguments, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for parameter in &rule.parameters {
        let (name, ty, optional) = match parameter {
            Parameter::Event => {
                arguments.push(quote!(event));
                continue;
            }
            Parameter::Settings => {
                arguments.push(quote!(settings));
                continue;
            }
            Parameter::Named { name, ty, optional } => (name, ty, *optional),
        };
        let argument = format_ident!("argument{}", arguments.len());
        let text = match capture::field(manifest, rule, name) {
            Some(field) => quote!(event.field(::tripline_sdk::FieldId::new(#field))),
            None => {
                capture::check(manifest, rule, name, optional)?;
                let at = names.len();
                names.push(name);
                quote!(event.capture_for(wake, &seen, #at))
            }
        };
        takes.push(quote_spanned! {ty.span()=>
            let ::std::option::Option::Some(#argument) =
                <#ty as ::tripline_sdk::FromCapture>::from_match(#text)
            else {
                #skip;
            };
        });
        arguments.push(quote!(#argument));
    }
    let method = &rule.method;
    let receiver = if rule.receiver { quote!(self.#method) } else { quote!(Self::#method) };
    let add = quote_spanned!(rule.output=> replies.add(event, decided););
    let run = quote! {
        replies.begin(#number);
        let decided = #receiver(#(#arguments),*);
        #add
    };
    let On::Any(wakes) = &rule.on else {
        return Ok(quote! {
            #[allow(unused_labels)]
            'rule: {
                #(#[allow(irrefutable_let_patterns)] #takes)*
                #run
            }
        });
    };
    let wakes = wakes.iter().map(|wake| self::wake(wake, &names, manifest));
    let seen = if names.is_empty() { quote!(_) } else { quote!(seen) };
    // One call for all entries: a call for each would make most of a pack's code.
    Ok(quote! {
        for wake in const { &[#(#wakes),*] } {
            let ::std::option::Option::Some(#seen) = event.holds(wake) else { continue };
            #(#[allow(irrefutable_let_patterns)] #takes)*
            #run
            break;
        }
    })
}

/// An entry of `on` as a constant: its patterns, and where it has the capture of each name.
fn wake(wake: &Wake, names: &[&Ident], manifest: &Manifest) -> TokenStream {
    let pattern = |name: &Ident| {
        let number = manifest.pattern(&name.to_string()).unwrap_or(u32::MAX);
        quote!(::tripline_sdk::PatternId::new(#number))
    };
    let (all, none) = (wake.all.iter().map(pattern), wake.none.iter().map(pattern));
    let captures = names.iter().map(|name| match capture::place(manifest, wake, name) {
        Some((pattern, group)) => {
            quote!(::std::option::Option::Some(::tripline_sdk::CaptureId::new(#pattern, #group)))
        }
        None => quote!(::std::option::Option::None),
    });
    quote!(::tripline_sdk::Wake { all: &[#(#all),*], none: &[#(#none),*], captures: &[#(#captures),*] })
}
