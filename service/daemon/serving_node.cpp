#include "service/daemon/serving_node.h"

#include "service/base/log.h"
#include "service/daemon/pair_door.h"
#include "service/daemon/pair_files.h"

#include <fstream>
#include <iterator>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;
using standby::Part;
using standby::Post;

constexpr auto looked_every = 500ms, guarded_every = 200ms, tried_every = 20ms;
/// A hand-over waits so long for calls to end by themselves, then ends them, and then for the last group.
constexpr auto calls_end_within = 10s, calls_ended_within = 3s, last_group_within = 5s;
/// A stop waits so long for the standby to have the last group.
constexpr auto stop_waits = 1s;

Error stopping() { return {Fault::shutting_down, "This node is stopping, or has not opened its database yet.", {}}; }

standby::Pair copy_of(const standby::Pair& pair) {
    return {
        .secret = pair.secret.duplicate(), .mode = pair.mode, .times = pair.times, .standing_file = pair.standing_file};
}

}  // namespace

ServingNode::ServingNode(standby::Pair pair, standby::Standing standing, Peer peer)
    : pair_(std::move(pair)),
      at_start_(standing),
      shipping_(pair_.secret.duplicate()),
      line_(std::move(peer), stopping_) {}

std::vector<std::pair<Part, std::string>> ServingNode::small_files() const {
    std::vector<std::pair<Part, std::string>> files;
    for (const auto& [part, name] : {std::pair{Part::keyring, "keyring"}, std::pair{Part::recovery, "recovery"}}) {
        std::ifstream in(house_.state_folder / "vault" / name, std::ios::binary);
        std::string content{std::istreambuf_iterator<char>(in), {}};
        if (!content.empty() && content.size() <= standby::small_file_bytes_max)
            files.emplace_back(part, std::move(content));
    }
    return files;
}

Result<void> ServingNode::open(House house) {
    house_ = std::move(house);
    TRY(service_pages_, store::RawPages::open(house_.state_folder / "bursar.db"));
    TRY(secrets_pages_, store::RawPages::open(house_.state_folder / "vault" / "vault.db"));
    files_ = small_files();
    end_ = std::make_unique<standby::PrimaryEnd>(
        copy_of(pair_), at_start_, shipping_,
        standby::PrimaryEnd::Sources{.service_database = *service_pages_,
                                     .secrets_database = *secrets_pages_,
                                     .small_files = [this] { return small_files(); },
                                     .wake = house_.wake},
        clock_);
    open_.store(end_.get());
    thread_ = std::thread([this] { run(); });
    guard_ = std::thread([this] { guard(); });
    return {};
}

bool ServingNode::may_spend() const {
    const standby::PrimaryEnd* const end = open_.load();
    return end != nullptr && !handing_over_.load() && !stopping_.load() && end->may_spend();
}

bool ServingNode::may_record() const {
    const standby::PrimaryEnd* const end = open_.load();
    return end != nullptr && end->may_spend();
}

Result<std::string> ServingNode::pull(std::string_view bytes) {
    standby::PrimaryEnd* const end = open_.load();
    // Sealed, or still opening its books: the other one may have to hear that it is over.
    if (end == nullptr) return standby::answer_without_serving(pair_.secret, at_start_, bytes);
    return end->pull(bytes, std::chrono::steady_clock::now() + pull_waits);
}

Result<std::string> ServingNode::base(std::string_view bytes) {
    const standby::PrimaryEnd* const end = open_.load();
    if (end == nullptr) return std::unexpected(stopping());
    return end->base(bytes);
}

standby::PrimaryEnd::State ServingNode::state() const {
    const standby::PrimaryEnd* const end = open_.load();
    if (end == nullptr) return {.standing = at_start_, .pulled_at = {}, .behind_since = {}};
    return end->state();
}

void ServingNode::hand_over() {
    wants_to_hand_over_ = true;
    const MutexLock lock(mutex_);
    refused_.clear();
    woken_.notify_all();
}

Result<void> ServingNode::go_on_alone() {
    standby::PrimaryEnd* const end = open_.load();
    if (end == nullptr) return std::unexpected(stopping());
    auto done = end->go_on_alone();
    if (done) log::warning("standby_alone", {{"epoch", end->standing().epoch}});
    return done;
}

std::string ServingNode::refused() const {
    const MutexLock lock(mutex_);
    return refused_;
}

/// False once the node stops.
bool ServingNode::pause(std::chrono::milliseconds at_most) {
    const auto until = std::chrono::steady_clock::now() + at_most;
    const MutexLock lock(mutex_);
    while (!stopping_)
        if (!woken_.wait_until(mutex_, until) || wants_to_hand_over_) break;
    return !stopping_;
}

/// A thread of its own: asking a peer that is silent takes as long as the peer's patience leaves. It outlives the start
/// of a stop, since streams do.
void ServingNode::guard() {
    for (;;) {
        end_what_may_not_be();
        const auto until = std::chrono::steady_clock::now() + guarded_every;
        const MutexLock lock(mutex_);
        while (guarded_)
            if (!woken_.wait_until(mutex_, until)) break;
        if (!guarded_) return;
    }
}

void ServingNode::run() {
    do {
        look();
    } while (pause(looked_every));
}

void ServingNode::look() {
    if (over_) return;
    put_changed_files();
    ask_silent_peer();
    heed_wish();
    if (end_->asked_to_hand_over() || wants_to_hand_over_) hand_over_now();
    if (end_->standing().post != Post::retired) return;
    over_ = true;
    log::warning("standby_over", {{"epoch", end_->standing().epoch}, {"handed_over", end_->standing().run != 0}});
    house_.restart();
}

void ServingNode::put_changed_files() {
    auto files = small_files();
    if (files == files_) return;
    for (const auto& [part, content] : files) shipping_.put_file(part, content);
    files_ = std::move(files);
}

/// New holds wait for the standby, but a stream that runs grows without: it ends before the standby's patience does.
void ServingNode::end_what_may_not_be() {
    const bool may = end_->may_spend();
    if (could_spend_ && !may) {
        log::warning("standby_ends_calls", {{"epoch", end_->standing().epoch}});
        end_calls();
    }
    could_spend_ = may;
    if (!may || handing_over_ || stopping_ || !calls_ended_.exchange(false)) return;
    log::info("standby_calls_go_on", {{"epoch", end_->standing().epoch}});
    house_.go_on();
}

void ServingNode::end_calls() {
    calls_ended_ = true;
    house_.end_streams();
}

void ServingNode::ask_silent_peer() {
    const auto state = end_->state();
    const bool silent = !state.pulled_at || clock_.moment() - *state.pulled_at >= silent_after;
    const bool depends = state.standing.post == Post::primary;
    if (silent && depends && !was_silent_)
        log::warning("standby_silent", {{"serves_calls", end_->may_spend()}, {"epoch", state.standing.epoch}});
    if (!silent && was_silent_) log::info("standby_heard", {{"epoch", state.standing.epoch}});
    was_silent_ = silent;
    if (!silent) return;
    const auto answer = line_.ask(pull_path, end_->ask());
    // Somebody who does not answer says nothing; whoever answers wrongly is not the peer, and that is said.
    if (!answer) return;
    if (const auto heard = end_->hear_peer(*answer); !heard)
        log::warning("standby_answer_refused", {{"text", heard.error().operator_text()}});
}

/// Of an operator on this machine, where the control plane may be waiting for the standby, too.
void ServingNode::heed_wish() {
    const auto wish = take_wish(house_.state_folder);
    if (!wish) return;
    if (*wish == Wish::alone) {
        if (const auto done = go_on_alone(); !done) {
            const MutexLock lock(mutex_);
            refused_ = done.error().for_caller;
            log::warning("standby_wish_refused", {{"text", done.error().operator_text()}});
        }
        return;
    }
    wants_to_hand_over_ = true;
}

void ServingNode::hand_over_now() {
    log::info("standby_hands_over", {{"epoch", end_->standing().epoch}});
    wants_to_hand_over_ = false;
    end_->forget_wish();
    handing_over_ = true;
    const auto done = try_to_hand_over();
    if (done) return;
    handing_over_ = false;
    log::warning("standby_hand_over_refused", {{"text", done.error().operator_text()}});
    const MutexLock lock(mutex_);
    refused_ = done.error().for_caller;
}

Result<void> ServingNode::try_to_hand_over() {
    const auto state = end_->state();
    if (state.standing.post != Post::primary || state.standby_cannot_open) return end_->hand_over();
    const auto waits = [&](auto most) {
        const auto until = std::chrono::steady_clock::now() + most;
        while (house_.open_holds() > 0 && std::chrono::steady_clock::now() < until)
            if (!pause(tried_every)) return;
    };
    waits(calls_end_within);
    if (house_.open_holds() > 0) end_calls();
    waits(calls_ended_within);
    const auto until = std::chrono::steady_clock::now() + last_group_within;
    for (;;) {
        shipping_.wait_confirmed(until);
        auto done = end_->hand_over();
        if (done || std::chrono::steady_clock::now() >= until || !pause(tried_every)) return done;
    }
}

void ServingNode::begin_stop() {
    if (stopping_.exchange(true)) return;
    {
        const MutexLock lock(mutex_);
        woken_.notify_all();
    }
    // What waits for a mandate that is over ends now: nobody may be there to give another one.
    if (end_ != nullptr && !end_->may_spend()) end_calls();
    if (thread_.joinable()) thread_.join();
    if (end_ != nullptr) shipping_.wait_confirmed(std::chrono::steady_clock::now() + stop_waits);
}

void ServingNode::stop() {
    begin_stop();
    {
        const MutexLock lock(mutex_);
        guarded_ = false;
        woken_.notify_all();
    }
    if (guard_.joinable()) guard_.join();
    if (end_ == nullptr) return;
    end_->close();
    shipping_.let_go();
}

}  // namespace bursar::daemon
