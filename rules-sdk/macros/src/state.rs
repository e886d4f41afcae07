//! `#[derive(State)]`: every field under its name.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Result};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "expected a struct: State keeps fields by their names"));
    };
    let fields = match &data.fields {
        Fields::Named(fields) => fields.named.iter().collect(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(fields) => {
            return Err(Error::new_spanned(
                fields,
                "expected named fields: State keeps fields by their names",
            ));
        }
    };
    let idents: Vec<_> = fields.iter().filter_map(|field| field.ident.as_ref()).collect();
    let names: Vec<String> = idents.iter().map(|ident| crate::emit::plain(ident)).collect();
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
    let puts = fields.iter().zip(&names).filter_map(|(field, name)| {
        let ident = field.ident.as_ref()?;
        Some(quote_spanned!(field.ty.span()=> out.field(#name, &self.#ident);))
    });
    let gets = fields.iter().zip(&names).filter_map(|(field, name)| {
        let ident = field.ident.as_ref()?;
        Some(quote_spanned!(field.ty.span()=> #ident: fields.get(#name)?))
    });
    let name = &input.ident;
    let (impl_generics, type_generics, clause) = input.generics.split_for_impl();
    Ok(quote! {
        impl #impl_generics ::tripline_sdk::State for #name #type_generics #clause {
            const MOST_BYTES: usize = 0 #(+ <#types as ::tripline_sdk::State>::MOST_BYTES)*;

            fn save(&self, out: &mut ::tripline_sdk::StateWriter) {
                #(#puts)*
                out.end_fields();
            }

            fn restore(
                from: &mut ::tripline_sdk::StateReader<'_>,
            ) -> ::std::result::Result<Self, ::tripline_sdk::Corrupt> {
                let fields = from.fields()?;
                ::std::result::Result::Ok(Self { #(#gets,)* })
            }
        }
    })
}
