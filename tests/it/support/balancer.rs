//! A small balancer before several gateways, as an operator would have one: it looks at connections alone, and sends
//! each new one to the next instance that calls itself ready.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio::time::timeout;

/// How often an instance is asked whether it is ready; it has to be told for longer than this.
const PROBE: Duration = Duration::from_millis(50);

/// Longer than any start should take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct Instance {
    address: SocketAddr,
    is_ready: AtomicBool,
}

/// The balancer; it ends with the test's runtime.
pub(crate) struct Balancer {
    pub(crate) address: SocketAddr,
    instances: Arc<Mutex<Vec<Arc<Instance>>>>,
}

impl Balancer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let instances: Arc<Mutex<Vec<Arc<Instance>>>> = Arc::default();
        let (all, turn) = (instances.clone(), AtomicUsize::new(0));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let ready: Vec<_> = all.lock().unwrap().clone();
                let ready: Vec<_> = ready
                    .iter()
                    .filter(|instance| instance.is_ready.load(Ordering::SeqCst))
                    .collect();
                // With nobody to serve it the client is turned away, which its request shows.
                if let Some(turn) = turn.fetch_add(1, Ordering::SeqCst).checked_rem(ready.len()) {
                    tokio::spawn(join(client, ready[turn].address));
                }
            }
        });
        Balancer { address, instances }
    }

    /// From now on this one gets connections while it calls itself ready, until it does not answer any more.
    pub(crate) async fn add(&self, address: SocketAddr, admin: SocketAddr) {
        let instance = Arc::new(Instance {
            address,
            is_ready: AtomicBool::new(false),
        });
        self.instances.lock().unwrap().push(instance.clone());
        let probed = instance.clone();
        tokio::spawn(async move {
            while let Some(is_ready) = probe(admin).await {
                probed.is_ready.store(is_ready, Ordering::SeqCst);
                sleep(PROBE).await;
            }
            probed.is_ready.store(false, Ordering::SeqCst);
        });
        let ready = async {
            while !instance.is_ready.load(Ordering::SeqCst) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, ready).await.unwrap();
    }
}

/// Whether an instance calls itself ready; `None` when nobody is there.
async fn probe(admin: SocketAddr) -> Option<bool> {
    let mut stream = TcpStream::connect(admin).await.ok()?;
    let request = "GET /readyz HTTP/1.0\r\nhost: balancer\r\n\r\n";
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer.starts_with("HTTP/1.0 200"))
}

async fn join(mut client: TcpStream, instance: SocketAddr) {
    let Ok(mut server) = TcpStream::connect(instance).await else {
        return;
    };
    let _nodelay = (client.set_nodelay(true), server.set_nodelay(true));
    let _either_has_gone = copy_bidirectional(&mut client, &mut server).await;
}
