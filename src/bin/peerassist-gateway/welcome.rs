//! What `serve --sandbox` says to somebody who tries the program for the first time.

use std::net::SocketAddr;

/// The places, the users, and two commands that work as they stand.
pub(crate) fn text(gateway: SocketAddr, sandbox: SocketAddr) -> String {
    let template = include_str!("welcome.txt");
    template
        .replace("{gateway}", &gateway.to_string())
        .replace("{sandbox}", &sandbox.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled_in() {
        let text = text(
            SocketAddr::from(([127, 0, 0, 1], 1)),
            SocketAddr::from(([127, 0, 0, 1], 2)),
        );
        assert!(text.starts_with("sandbox: http://127.0.0.1:2\n"));
        assert!(!text.contains("{gateway}") && !text.contains("{sandbox}"));
    }
}
