//! A unary call is one message. tonic reads the first and never looks whether there is another, or says INTERNAL where
//! there is none; the specification wants UNIMPLEMENTED for both (statuscodes.md, "cardinality").

use std::time::Duration;

use axum::body::Body;
use axum::body::Bytes;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::BytesMut;
use http_body_util::BodyExt;
use tokio::time::timeout;
use tonic::Code;
use tonic::Status;

use crate::grpc::error;

/// The flag and the length in front of a message (gRPC over HTTP/2, "Length-Prefixed-Message").
const PREFIX_BYTES: usize = 5;

/// How long the whole message may take to arrive, as long as the body of a GraphQL request.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(10);

/// The one service here whose calls may have several messages.
const STREAMING: &str = "/grpc.reflection.";

/// Runs a call whose message has arrived, and is one of at most so many bytes.
pub(super) async fn run(
    request: Request,
    next: Next,
    message_bytes_max: usize,
) -> Result<Response, Status> {
    if request.uri().path().starts_with(STREAMING) {
        return Ok(next.run(request).await);
    }
    let (head, body) = request.into_parts();
    let message = match timeout(MESSAGE_TIMEOUT, read(body, message_bytes_max)).await {
        Ok(message) => message?,
        Err(_) => {
            let message = "the message came too slowly";
            return Err(error::protocol(Code::DeadlineExceeded, message));
        }
    };
    let request = Request::from_parts(head, Body::from(message));
    Ok(next.run(request).await)
}

/// The whole body, as far as it is one message; one that is cut short is the library's to refuse.
async fn read(mut body: Body, message_bytes_max: usize) -> Result<Bytes, Status> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| error::protocol(Code::Internal, "the message broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        read.extend_from_slice(&data);
        let Some(length) = length(&read) else {
            continue;
        };
        if length > message_bytes_max {
            let message = "the message is larger than this server reads";
            return Err(error::protocol(Code::ResourceExhausted, message));
        }
        if read.len() > PREFIX_BYTES + length {
            let message = "the method takes one message, and more than one came";
            return Err(error::protocol(Code::Unimplemented, message));
        }
    }
    if read.is_empty() {
        let message = "the method takes one message, and none came";
        return Err(error::protocol(Code::Unimplemented, message));
    }
    Ok(read.freeze())
}

/// How long the first message says that it is.
fn length(read: &[u8]) -> Option<usize> {
    let length = read.get(1..PREFIX_BYTES)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(length)).ok()
}

#[cfg(test)]
mod tests {
    use super::read;
    use axum::body::Body;
    use axum::body::Bytes;
    use futures_util::stream;
    use proptest::prelude::*;
    use std::convert::Infallible;
    use tokio::runtime::Builder;
    use tonic::Code;

    /// What becomes of a body that comes in these pieces, where 100 bytes are read at most.
    fn outcome(pieces: Vec<Vec<u8>>) -> Result<Bytes, Code> {
        let pieces = pieces.into_iter().map(Bytes::from);
        let body = Body::from_stream(stream::iter(pieces.map(Ok::<_, Infallible>)));
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        let read = runtime.block_on(read(body, 100));
        read.map_err(|status| status.code())
    }

    fn framed(bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).expect("short").to_be_bytes();
        [&[0][..], &length, bytes].concat()
    }

    #[test]
    fn there_is_one_message() {
        let one = framed(b"abc");
        assert_eq!(outcome(vec![one.clone()]), Ok(one.clone().into()));
        assert_eq!(outcome(vec![framed(b"")]), Ok(framed(b"").into()));
        assert_eq!(outcome(vec![]), Err(Code::Unimplemented));
        assert_eq!(outcome(vec![vec![], vec![]]), Err(Code::Unimplemented));
        let two = [one.clone(), one.clone()].concat();
        assert_eq!(outcome(vec![two]), Err(Code::Unimplemented));
        assert_eq!(
            outcome(vec![one.clone(), vec![0]]),
            Err(Code::Unimplemented)
        );
    }

    #[test]
    fn a_message_that_says_that_it_is_too_long_is_not_waited_for() {
        assert!(outcome(vec![framed(&[7; 100])]).is_ok());
        assert_eq!(
            outcome(vec![framed(&[7; 101])]),
            Err(Code::ResourceExhausted)
        );
        let endless = vec![0, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(outcome(vec![endless]), Err(Code::ResourceExhausted));
    }

    proptest! {
        #[test]
        fn the_pieces_do_not_matter(bytes: Vec<u8>, cuts in prop::collection::vec(0usize..200, 0..6)) {
            let whole = outcome(vec![bytes.clone()]);
            let (mut pieces, mut rest) = (Vec::new(), bytes.as_slice());
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece.to_vec());
                rest = after;
            }
            pieces.push(rest.to_vec());
            prop_assert_eq!(outcome(pieces), whole);
        }
    }
}
