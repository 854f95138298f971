//! Two gateways whose Redis fails in every way: no client sees anything of it.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::instances::Instances;
use crate::support::instances::Somebody;
use crate::support::instances::Way;
use crate::support::redis::Redis;
use crate::support::redis_proxy::Mood;
use crate::support::redis_proxy::RedisProxy;

const ID: i64 = 3;

/// Two gateways, somebody between them and their Redis, and one user.
struct Scene {
    redis: Redis,
    proxy: RedisProxy,
    instances: Instances,
    somebody: Somebody,
    version: u32,
}

impl Scene {
    async fn open() -> Self {
        let redis = Redis::start();
        let proxy = RedisProxy::start(redis.socket()).await;
        let patient = [("PEERASSIST_UPSTREAM__CACHE__REDIS_TIMEOUT", "50ms")];
        let instances = Instances::start("docs", proxy.url(), &patient).await;
        let somebody = instances.user("admin").await;
        let mut scene = Scene {
            redis,
            proxy,
            instances,
            somebody,
            version: 0,
        };
        scene.act().await;
        scene
    }

    /// Writes through each gateway at each door, and reads through both after each write: all of it must be good.
    async fn act(&mut self) {
        for way in ways() {
            self.version += 1;
            let city = format!("v{}", self.version);
            self.somebody.write(way, ID, &city).await;
            for way in ways() {
                assert_eq!(self.somebody.city(way, ID).await, city, "{way:?}");
                assert_eq!(self.somebody.listed_city(way, ID).await, city, "{way:?}");
            }
        }
    }

    /// The same for a while, under a fault; and then without it, until both trust what they keep.
    async fn bear(&mut self, mood: Mood) {
        self.proxy.set(mood);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(1) {
            self.act().await;
        }
        for instance in &self.instances.both {
            instance.trusts(false).await;
        }
        self.proxy.set(Mood::Pass);
        self.recover().await;
    }

    async fn recover(&mut self) {
        self.act().await;
        self.instances.trust().await;
        self.act().await;
        self.instances.audit().await;
    }
}

fn ways() -> impl Iterator<Item = Way> {
    (0..4).map(|way| Way {
        at: way / 2,
        door: way % 2,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_refuses_connections() {
    Scene::open().await.bear(Mood::Refuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_answers_after_five_seconds() {
    let slow = Mood::Slow(Duration::from_secs(5));
    Scene::open().await.bear(slow).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_loading() {
    let loading = "LOADING Redis is loading the dataset in memory";
    Scene::open().await.bear(Mood::Error(loading)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_answers_nonsense() {
    Scene::open().await.bear(Mood::Garbage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_cut_off_in_the_middle_of_an_answer() {
    Scene::open().await.bear(Mood::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_full() {
    let mut scene = Scene::open().await;
    scene.redis.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    for _ in 0..5 {
        scene.act().await;
    }
    for instance in &scene.instances.both {
        instance.trusts(false).await;
    }
    scene.redis.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    scene.recover().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_hold_something_else() {
    let mut scene = Scene::open().await;
    for key in scene.redis.keys() {
        if !key.starts_with('{') {
            scene.redis.ask(&["DEL", &key]);
            scene.redis.ask(&["RPUSH", &key, "nonsense"]);
        }
    }
    scene.act().await;
    scene
        .redis
        .ask(&["SET", "{peerassist-gateway}:log", "nonsense"]);
    scene.act().await;
    for instance in &scene.instances.both {
        instance.trusts(false).await;
    }
    scene.redis.ask(&["DEL", "{peerassist-gateway}:log"]);
    scene.recover().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_to_a_redis_that_holds_nothing() {
    let mut scene = Scene::open().await;
    let other = Redis::start();
    scene.proxy.fail_over(other.socket());
    scene.recover().await;
    // And to one that is behind: it holds what was long ago.
    let socket = scene.redis.socket();
    scene.proxy.fail_over(socket);
    scene.recover().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_somebody_has_swapped() {
    let mut scene = Scene::open().await;
    let foreign = "shared_cache_lookups_total{result=\"foreign\"}";
    let mut seen = 0.0;
    for _ in 0..20 {
        scene.swap_values();
        scene.act().await;
        seen = scene.instances.metric(foreign).await;
        if seen > 0.0 {
            break;
        }
        scene.instances.trust().await;
    }
    assert!(seen > 0.0, "a swapped value was asked for");
    scene.recover().await;
}

impl Scene {
    /// Puts each value under the name of another one.
    fn swap_values(&self) {
        let keys = self.redis.keys();
        let keys: Vec<_> = keys.iter().filter(|key| !key.starts_with('{')).collect();
        for pair in keys.windows(2) {
            self.redis.ask(&["COPY", pair[0], pair[1], "REPLACE"]);
        }
    }
}
