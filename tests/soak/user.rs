//! The life of a user: logs in, asks and writes at both doors from two tabs, hangs up, and logs in again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

use tokio::sync::Mutex;
use tokio::sync::RwLock;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::books::Books;
use crate::books::Grant;
use crate::books::Kind;
use crate::books::Versions;
use crate::books::WRITTEN;
use crate::books::place;
use crate::doors::Asking;
use crate::doors::Door;
use crate::doors::Doors;
use crate::doors::Heard;
use crate::judge::Broken;
use crate::judge::Judge;
use crate::question::Answer;
use crate::question::Question;

/// A failure may come from a call of so long before the request that hears of it: one that it joined.
const JOINED: Duration = Duration::from_secs(5);

/// How much earlier than the upstream the gateway may see a token end: it counts from before the login.
const EARLY: Duration = Duration::from_secs(5);

/// What all users share.
pub(crate) struct Scene {
    pub(crate) books: Arc<Books>,
    pub(crate) doors: Doors,
    pub(crate) judge: Judge,
    /// How long a tab rests between two requests, on average.
    pub(crate) rest: Duration,
    /// Cancelled when nobody is to begin anything more.
    pub(crate) over: CancellationToken,
    /// One for each request under way: more of them would only wait in the gateway for a processor, and then for longer
    /// than it waits for the upstream.
    pub(crate) slots: Semaphore,
}

impl Scene {
    async fn slot(&self) -> SemaphorePermit<'_> {
        let slot = self.slots.acquire().await;
        slot.expect("nobody closes the semaphore")
    }

    /// Whether what befell a user's calls explains this failure of a request that began then.
    fn explains(&self, user: usize, reason: &str, begun: Instant) -> bool {
        let sky = self.books.skies[user].lock().unwrap();
        sky.explains(reason, begun.checked_sub(JOINED).unwrap_or(begun))
    }
}

/// A token as its user knows it.
struct Session {
    token: String,
    grant: Arc<Grant>,
    /// After this the gateway knows that it has ended.
    told_end: Instant,
    /// Whether the user was told that it is no longer taken.
    refused: AtomicBool,
}

/// What a user was told was written, by place.
#[derive(Default)]
struct Acknowledged {
    customers: [AtomicU64; WRITTEN],
    fwos: [AtomicU64; WRITTEN],
}

/// The same at one moment.
#[derive(Clone, Copy)]
struct Floor {
    customers: [u64; WRITTEN],
    fwos: [u64; WRITTEN],
}

impl Acknowledged {
    fn of(&self, kind: Kind) -> &[AtomicU64; WRITTEN] {
        match kind {
            Kind::Customer => &self.customers,
            Kind::Fwo => &self.fwos,
        }
    }

    fn floor(&self) -> Floor {
        let now = |kind| std::array::from_fn(|place| self.of(kind)[place].load(Ordering::SeqCst));
        Floor {
            customers: now(Kind::Customer),
            fwos: now(Kind::Fwo),
        }
    }
}

impl Floor {
    /// To what the upstream holds, which whoever wants no kept answer must see.
    fn raise(&mut self, held: &Versions) {
        for ((kind, place), version) in held {
            let floor = match kind {
                Kind::Customer => &mut self.customers[*place],
                Kind::Fwo => &mut self.fwos[*place],
            };
            *floor = (*floor).max(*version);
        }
    }

    fn of(&self, kind: Kind, place: usize) -> u64 {
        let versions = match kind {
            Kind::Customer => &self.customers,
            Kind::Fwo => &self.fwos,
        };
        versions.get(place).copied().unwrap_or(0)
    }
}

/// One user.
pub(crate) struct User {
    scene: Arc<Scene>,
    number: usize,
    /// Nobody asks while a new one is got.
    session: RwLock<Session>,
    acknowledged: Acknowledged,
    /// The last version that was written or tried; one write at a time.
    writing: Mutex<u64>,
}

/// Answers that a tab remembers from a door, with their etags.
type Remembered = HashMap<(Door, Question), (Answer, String)>;

impl User {
    /// A user who has just logged in.
    pub(crate) async fn new(scene: Arc<Scene>, number: usize) -> Self {
        let session = log_in(&scene, number).await;
        User {
            scene,
            number,
            session: RwLock::new(session),
            acknowledged: Acknowledged::default(),
            writing: Mutex::default(),
        }
    }

    /// One tab: asks and writes until the end.
    pub(crate) async fn live(&self) {
        let mut remembered = Remembered::new();
        loop {
            let rest = sleep(self.scene.rest.mul_f64(2.0 * fastrand::f64()));
            if self.scene.over.run_until_cancelled(rest).await.is_none() {
                return;
            }
            match fastrand::u8(0..100) {
                0..5 => self.write_and_read(&mut remembered).await,
                5..8 => self.hang_up().await,
                _ => self.ask(Question::random(), &mut remembered).await,
            }
            let is_over = {
                let session = self.session.read().await;
                session.refused.load(Ordering::SeqCst)
            };
            if is_over || fastrand::u16(0..1000) == 0 {
                self.log_in_again().await;
            }
        }
    }

    async fn ask(&self, question: Question, remembered: &mut Remembered) {
        let session = self.session.read().await;
        let door = *fastrand::choice(&[Door::Post, Door::Get, Door::Grpc]).unwrap_or(&Door::Post);
        let known = remembered.get(&(door, question));
        let asking = Asking {
            no_cache: fastrand::u8(0..100) < 8,
            etag: known.map(|(_, etag)| etag.as_str()),
            ..self.asking(&session)
        };
        let _slot = self.scene.slot().await;
        let mut moment = Moment::now(self, &session);
        if asking.no_cache {
            moment.floor.raise(&self.scene.books.versions(self.number));
        }
        let heard = self.scene.doors.ask(door, &asking, question).await;
        let name = match (door, &heard) {
            (_, Ok(Heard::NotModified)) => "not modified",
            (Door::Post, _) => "POST",
            (Door::Get, _) => "GET",
            (Door::Grpc, _) => "gRPC",
        };
        self.scene.judge.count(name, moment.begun.elapsed());
        match heard {
            Err(error) => self.accuse(Broken::Unexpected, format!("{question:?}: {error}")),
            // It may be the answer to an earlier token; then it must not have a single row.
            Ok(Heard::NotModified) => match known {
                Some((answer, _)) => self.judge(&session, &moment, answer, question, door),
                None => self.accuse(Broken::Unexpected, "not modified, of nothing that is known"),
            },
            Ok(Heard::Answer(answer, etag)) => {
                self.judge(&session, &moment, &answer, question, door);
                if let Some(etag) = etag {
                    remembered.insert((door, question), (answer, etag));
                }
            }
        }
    }

    fn asking<'a>(&self, session: &'a Session) -> Asking<'a> {
        Asking {
            user: self.number,
            token: &session.token,
            no_cache: false,
            etag: None,
        }
    }

    /// Asks, and goes before the answer comes.
    async fn hang_up(&self) {
        let session = self.session.read().await;
        let asking = self.asking(&session);
        let _slot = self.scene.slot().await;
        let patience = Duration::from_millis(fastrand::u64(0..30));
        let door = *fastrand::choice(&[Door::Post, Door::Grpc]).unwrap_or(&Door::Post);
        let ask = self.scene.doors.ask(door, &asking, Question::random());
        let _heard = timeout(patience, ask).await;
        self.scene.judge.count_hang_up();
    }

    /// Writes while the same is read, and reads at once what was written.
    async fn write_and_read(&self, remembered: &mut Remembered) {
        let kind = *fastrand::choice(&[Kind::Customer, Kind::Fwo]).unwrap_or(&Kind::Fwo);
        let place = fastrand::usize(0..WRITTEN);
        let meanwhile = async {
            // What comes from between the two must not be kept.
            sleep(Duration::from_millis(fastrand::u64(0..30))).await;
            let (question, mut nothing) = (Question::about(kind, place), Remembered::new());
            self.ask(question, &mut nothing).await;
        };
        tokio::join!(self.write(kind, place), meanwhile);
        self.ask(Question::about(kind, place), remembered).await;
    }

    /// Writes the next version; one in twenty does not wait to hear of it.
    async fn write(&self, kind: Kind, place: usize) {
        let session = self.session.read().await;
        let mut version = self.writing.lock().await;
        *version += 1;
        let asking = self.asking(&session);
        let _slot = self.scene.slot().await;
        let moment = Moment::now(self, &session);
        let door = *fastrand::choice(&[Door::Post, Door::Grpc]).unwrap_or(&Door::Post);
        let write = self
            .scene
            .doors
            .write(door, &asking, (kind, place), *version);
        let patience = match fastrand::u8(0..20) {
            0 => Duration::from_millis(fastrand::u64(0..40)),
            _ => Duration::from_secs(60),
        };
        let Ok(told) = timeout(patience, write).await else {
            return self.scene.judge.count_hang_up();
        };
        self.scene.judge.count("write", moment.begun.elapsed());
        let answer = match told {
            Ok(answer) => answer,
            Err(error) => return self.accuse(Broken::Unexpected, format!("a write: {error}")),
        };
        self.judge_answer(&session, &moment, &answer, &(kind, place));
        if answer.errors.is_empty() {
            let shown = answer.shown.first().and_then(|shown| shown.version);
            match shown >= Some(*version) {
                true => self.acknowledged.of(kind)[place].store(*version, Ordering::SeqCst),
                false => self.accuse(Broken::Stale, format!("v{version} was written: {answer:?}")),
            }
        }
    }

    /// Gets a new token. One that was refused must not be taken again, at either door.
    async fn log_in_again(&self) {
        let mut session = self.session.write().await;
        if session.refused.load(Ordering::SeqCst) {
            for door in [Door::Post, Door::Get, Door::Grpc] {
                let asking = self.asking(&session);
                let _slot = self.scene.slot().await;
                let moment = Moment::now(self, &session);
                let question = Question::random();
                match self.scene.doors.ask(door, &asking, question).await {
                    Ok(Heard::Answer(answer, _)) => {
                        self.judge(&session, &moment, &answer, question, door);
                    }
                    Ok(Heard::NotModified) => self.accuse(Broken::Undead, "not modified"),
                    Err(error) => self.accuse(Broken::Unexpected, error),
                }
                self.scene.judge.count("refused", moment.begun.elapsed());
            }
        }
        *session = log_in(&self.scene, self.number).await;
    }

    fn accuse(&self, broken: Broken, what: impl std::fmt::Display) {
        let text = format!("user {}: {what}", self.number);
        self.scene.judge.accuse(broken, text);
    }

    fn judge(
        &self,
        session: &Session,
        moment: &Moment,
        answer: &Answer,
        question: Question,
        door: Door,
    ) {
        let is_absent = question == Question::Absent && door == Door::Grpc;
        let is_right = is_absent && answer.errors == ["NOT_FOUND"];
        if moment.is_dead && (is_right || answer.errors.is_empty()) {
            self.accuse(Broken::Undead, format!("{door:?} {question:?}"));
        }
        if is_right {
            return;
        }
        self.judge_answer(session, moment, answer, &(door, question));
        if !answer.errors.is_empty() {
            return;
        }
        let expected = question.rows(session.grant.mark, door != Door::Grpc);
        if answer.rows != expected {
            let what = format!("{question:?}: {} rows, not {expected}", answer.rows);
            self.accuse(Broken::Miscount, what);
        }
        if let Some((kind, total)) = answer.total {
            let expected = session.grant.mark.total(kind);
            if total != expected {
                let what = format!("{question:?}: {total} in all, not {expected}");
                self.accuse(Broken::Miscount, what);
            }
        }
    }

    /// Whose it is, how old it is, and whether its errors are explained.
    fn judge_answer(
        &self,
        session: &Session,
        moment: &Moment,
        answer: &Answer,
        asked: &impl std::fmt::Debug,
    ) {
        let judge = &self.scene.judge;
        judge.judge_owner(answer, session.grant.mark, asked);
        if moment.is_dead && answer.rows > 0 {
            self.accuse(Broken::Undead, format!("{asked:?}: {} rows", answer.rows));
        }
        for shown in &answer.shown {
            let place = place(self.number, shown.id);
            let least = place.map_or(0, |place| moment.floor.of(shown.kind, place));
            if shown.version < Some(least) {
                self.accuse(
                    Broken::Stale,
                    format!("{asked:?}: {shown:?} after v{least}"),
                );
            }
        }
        for reason in &answer.errors {
            judge.fail(reason);
            if !self.is_explained(session, moment, reason) {
                self.accuse(Broken::Unexpected, format!("{asked:?}: {reason}"));
            }
        }
    }

    fn is_explained(&self, session: &Session, moment: &Moment, reason: &str) -> bool {
        if matches!(reason, "TOKEN_INVALID" | "TOKEN_EXPIRED") {
            session.refused.store(true, Ordering::SeqCst);
            return session.grant.has_ended(EARLY);
        }
        self.scene.explains(self.number, reason, moment.begun)
    }
}

/// What holds when a request begins.
struct Moment {
    begun: Instant,
    floor: Floor,
    /// Whether the token is known to be no good.
    is_dead: bool,
}

impl Moment {
    fn now(user: &User, session: &Session) -> Self {
        let begun = Instant::now();
        Moment {
            begun,
            floor: user.acknowledged.floor(),
            is_dead: session.refused.load(Ordering::SeqCst) || begun >= session.told_end,
        }
    }
}

async fn log_in(scene: &Scene, number: usize) -> Session {
    loop {
        let slot = scene.slot().await;
        let begun = Instant::now();
        let door = *fastrand::choice(&[Door::Post, Door::Grpc]).unwrap_or(&Door::Post);
        let outcome = scene.doors.log_in(door, number).await;
        scene.judge.count("login", begun.elapsed());
        drop(slot);
        let reason = match outcome {
            Ok(token) => {
                let grant = scene.books.known(&token).expect("a token of these books");
                let told_end = Instant::now() + Duration::from_secs(60 * grant.minutes);
                return Session {
                    token,
                    grant,
                    told_end,
                    refused: AtomicBool::new(false),
                };
            }
            Err(reason) => reason,
        };
        scene.judge.fail(&reason);
        if !scene.explains(number, &reason, begun) {
            scene
                .judge
                .accuse(Broken::Unexpected, format!("a login: {reason}"));
        }
        sleep(Duration::from_millis(200)).await;
    }
}
