#include "service/daemon/following_node.h"

#include "service/backup/backups.h"
#include "service/base/log.h"
#include "service/daemon/pair_door.h"
#include "service/daemon/pair_files.h"

#include <system_error>
#include <utility>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;
using standby::Following;
using standby::Post;

/// After a failure, and where there is nothing to wait for at the other end.
constexpr auto tried_again_after = 500ms, asked_again_after = 50ms;
/// Somebody may put another key into the place of this machine's.
constexpr auto key_tried_every = 5s;

}  // namespace

FollowingNode::FollowingNode(Secret secret, FollowingFolders folders, Peer peer, std::function<void()> restart,
                             KeyTrial key_trial)
    : secret_(std::move(secret)),
      folders_(std::move(folders)),
      restart_(std::move(restart)),
      key_trial_(std::move(key_trial)),
      line_(std::move(peer), stopping_) {}

Result<std::unique_ptr<FollowingNode>> FollowingNode::open(standby::Pair pair, standby::Standing standing,
                                                           FollowingFolders folders, Peer peer,
                                                           std::function<void()> restart, KeyTrial key_trial) {
    std::unique_ptr<FollowingNode> node(new FollowingNode(pair.secret.duplicate(), std::move(folders), std::move(peer),
                                                          std::move(restart), std::move(key_trial)));
    TRY(node->lock_, store::FileLock::take(node->folders_.state / "bursar.db"));
    const std::filesystem::path folder = pair_folder(node->folders_.state);
    standby::Pair again{.secret = pair.secret.duplicate(),
                        .mode = pair.mode,
                        .times = pair.times,
                        .standing_file = pair.standing_file,
                        .version = pair.version};
    auto end = standby::StandbyEnd::open(std::move(pair), standing, folder, node->clock_);
    if (!end) {
        log::error("standby_copy_unusable", {{"text", end.error().operator_text()}});
        std::error_code ignored;
        std::filesystem::remove(folder / "current", ignored);
        end = standby::StandbyEnd::open(std::move(again), standing, folder, node->clock_);
    }
    if (!end) return std::unexpected(end.error());
    node->end_ = *std::move(end);
    const MutexLock lock(node->mutex_);
    node->state_.standing = standing;
    node->state_.held = node->end_->held();
    return node;
}

void FollowingNode::start() {
    thread_ = std::thread([this] { run(); });
}

void FollowingNode::stop() {
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
        woken_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

bool FollowingNode::pause(std::chrono::milliseconds at_most) {
    const auto until = std::chrono::steady_clock::now() + at_most;
    const MutexLock lock(mutex_);
    while (!stopping_)
        if (!woken_.wait_until(mutex_, until)) break;
    return !stopping_;
}

Result<std::string> FollowingNode::pull(std::string_view bytes) const {
    return standby::answer_without_serving(secret_, state().standing, bytes);
}

FollowingNode::State FollowingNode::state() const {
    const MutexLock lock(mutex_);
    return state_;
}

void FollowingNode::run() {
    while (!stopping_ && step()) {
    }
}

/// One pull and what follows from it; false once this node has taken over.
bool FollowingNode::step() {
    heed_wish();
    // The package asks before an upgrade.
    if (!folders_.backups.empty())
        backup::answer_needless(folders_.backups, "This machine opens no books: it keeps what the other one has.");
    // A copy of one that is out for good counts for nobody, and to ask for it would keep groups for it there.
    if (is_out()) return pause(tried_again_after);
    const auto pulled = pull_once();
    try_key();
    note(pulled);
    if (take_over_if_due()) return false;
    if (!pulled) return pause(tried_again_after);
    return *pulled || pause(asked_again_after);
}

void FollowingNode::heed_wish() {
    const auto wish = take_wish(folders_.state);
    if (!wish) return;
    std::string refused;
    switch (*wish) {
        case Wish::take_over:
        case Wish::take_over_primary_is_off:
            wants_to_take_over_ = true;
            word_ = *wish == Wish::take_over ? Following::Word::none : Following::Word::primary_is_off;
            if (is_out()) refused = end_->take_over(word_).error().for_caller;
            break;
        case Wish::alone:
            refused =
                "This machine does not serve, so it cannot go on alone. If the one that serves is off for good and "
                "this one is its standby: bursarctl standby take-over --here --primary-is-off";
            break;
    }
    if (is_out()) word_ = Following::Word::none;
    if (!refused.empty()) log::warning("standby_wish_refused", {{"text", refused}});
    const MutexLock lock(mutex_);
    state_.refused = std::move(refused);
}

bool FollowingNode::is_out() const {
    const standby::Standing& standing = end_->standing();
    return standing.post == Post::retired && standing.run == 0;
}

/// Whether it brought something, or could have: the other end waits while there is nothing.
Result<bool> FollowingNode::pull_once() {
    const standby::Held before = end_->held();
    const Moment asked_at = clock_.moment();
    TRY(const std::string answer, line_.ask(pull_path, end_->ask(wants_to_take_over_)));
    // Said once: a primary that cannot hand over now would else stop serving again and again.
    wants_to_take_over_ = false;
    TRY_VOID(end_->hear(answer));
    const bool asked_base = ask_base();
    const standby::Held after = end_->held();
    return asked_base || after.group != before.group || after.run != before.run ||
           clock_.moment() - asked_at > asked_again_after;
}

/// Before the next pull, which says whether the primary may count on this machine, and also while it is silent: the key
/// may come when it is lost.
void FollowingNode::try_key() {
    std::string keyring = end_->keyring();
    if (keyring.empty()) return;
    const Moment now = clock_.moment();
    if (keyring == tried_keyring_ && now - tried_key_at_ < key_tried_every) return;
    end_->set_unopened(key_trial_(keyring));
    tried_keyring_ = std::move(keyring);
    tried_key_at_ = now;
}

bool FollowingNode::ask_base() {
    const auto ask = end_->ask_base();
    if (!ask || ask->empty()) return false;
    // Until the writers have brought their logs there is nothing to read.
    const auto pages = line_.ask(base_path, *ask);
    if (!pages) return false;
    const auto kept = end_->hear_base(*pages);
    if (!kept) log::warning("standby_base_refused", {{"text", kept.error().operator_text()}});
    return kept.has_value();
}

void FollowingNode::note(const Result<bool>& pulled) {
    const MutexLock lock(mutex_);
    const Post before = state_.standing.post;
    state_.standing = end_->standing();
    state_.held = end_->held();
    state_.newest = end_->last_answer().newest;
    if (pulled) state_.heard_at = clock_.moment();
    const std::string failure = pulled ? std::string() : pulled.error().for_caller;
    if (!failure.empty() && state_.failure.empty())
        log::warning("primary_silent", {{"text", pulled.error().operator_text()}});
    if (failure.empty() && !state_.failure.empty()) log::info("primary_heard", {{"epoch", state_.standing.epoch}});
    state_.failure = failure;
    const std::string unfit = end_->unfit();
    if (!unfit.empty() && state_.unfit.empty()) log::warning("standby_unfit", {{"text", unfit}});
    state_.unfit = unfit;
    if (before != state_.standing.post)
        log::info("standby_post", {{"is_standby", state_.standing.post == Post::standby},
                                   {"is_retired", state_.standing.post == Post::retired},
                                   {"epoch", state_.standing.epoch}});
}

bool FollowingNode::take_over_if_due() {
    if (end_->standing().post != Post::standby && word_ == Following::Word::none) return false;
    if (word_ == Following::Word::none && !end_->primary_is_over()) return false;
    const auto word = std::exchange(word_, Following::Word::none);
    const auto taken = end_->take_over(word);
    const MutexLock lock(mutex_);
    if (taken) {
        state_.standing = end_->standing();
        log::warning("standby_takes_over", {{"epoch", state_.standing.epoch}});
        restart_();
        return true;
    }
    if (state_.refused != taken.error().for_caller)
        log::warning("standby_take_over_refused", {{"text", taken.error().operator_text()}});
    state_.refused = taken.error().for_caller;
    return false;
}

}  // namespace bursar::daemon
