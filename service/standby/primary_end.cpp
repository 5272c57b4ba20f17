#include "service/base/log.h"
#include "service/standby/ends.h"
#include "service/standby/standing_file.h"

namespace bursar::standby {
namespace {

/// Never 0, which means "none".
std::uint64_t new_run() {
    std::uint64_t run = 0;
    for (const char c : random_bytes(sizeof run)) run = run << 8 | static_cast<unsigned char>(c);
    return run | 1;
}

}  // namespace

PrimaryEnd::PrimaryEnd(Pair pair, Standing standing, Shipping& shipping, Sources sources, const Clock& clock)
    : pair_(std::move(pair)),
      shipping_(shipping),
      sources_(std::move(sources)),
      clock_(clock),
      serving_(standing, pair_.mode, pair_.times, new_run()) {
    const MutexLock lock(mutex_);
    follow_standing();
}

Standing PrimaryEnd::standing() const {
    const MutexLock lock(mutex_);
    return serving_.standing();
}

Result<void> PrimaryEnd::adopt(const Standing& standing) {
    auto written = write_standing(pair_.standing_file, standing);
    if (written) serving_.adopt(standing);
    // Whoever is over is so, whether that could be written or not.
    follow_standing();
    return written;
}

void PrimaryEnd::follow_standing() {
    spend_until_ = serving_.may_spend_until().time_since_epoch().count();
    const Post post = serving_.standing().post;
    const bool waits = post == Post::primary && pair_.mode == Mode::synchronous;
    shipping_.set_writers(waits ? Shipping::Writers::wait : Shipping::Writers::go_on);
    if (post != Post::retired || serving_.standing().run != 0) return;
    shipping_.end({Fault::storage_unavailable, "Another machine has taken over; this one records nothing any more.",
                   "a node of a higher epoch serves"});
}

void PrimaryEnd::begin_copy() {
    serving_.begin_run(new_run());
    shipping_.begin(serving_.run());
    for (const auto& [part, content] : sources_.small_files()) shipping_.put_file(part, content);
    log::info("standby_copy_begins", {{"epoch", serving_.standing().epoch}});
    sources_.wake();
}

/// What only people look at.
void PrimaryEnd::note(const Pull& pull) {
    pulled_at_ = clock_.moment();
    standby_is_whole_ = pull.whole && pull.run == serving_.run();
    standby_cannot_open_ = pull.cannot_open;
    standby_version_ = pull.version;
    const bool has_all = standby_is_whole_ && pull.has >= shipping_.newest();
    if (has_all) behind_since_.reset();
    if (!has_all && !behind_since_) behind_since_ = pulled_at_;
}

Result<std::string> PrimaryEnd::pull(std::string_view bytes, Moment until) {
    TRY(const Pull pull, read_pull(pair_.secret, bytes));
    if (closed_.load()) return fail(Fault::shutting_down, "This node is stopping.");
    {
        const MutexLock lock(mutex_);
        // What it had confirmed is gone from here, so its copy can never be whole again. An old pull only had less.
        const bool lost_its_copy = serving_.is_news(pull) && pull.has < serving_.confirmed();
        const auto next = serving_.hear(pull, shipping_.newest());
        if (next) TRY_VOID(adopt(*next));
        follow_standing();
        shipping_.confirm(serving_.run(), serving_.confirmed());
        const Post post = serving_.standing().post;
        const bool serves = post == Post::alone || post == Post::primary;
        const bool is_ours = serves && pull.epoch == serving_.standing().epoch;
        if (is_ours && (shipping_.run() == 0 || lost_its_copy)) begin_copy();
        if (is_ours && pull.wants_to_take_over) asked_to_hand_over_ = true;
        if (is_ours) note(pull);
    }
    const auto sealed = shipping_.after(pull.run, pull.has, groups_bytes_per_answer, until);
    const MutexLock lock(mutex_);
    const Answer answer = serving_.answer(pull, sealed.newest, clock_.moment());
    return write_answer(pair_.secret, answer, answer.run == sealed.run ? sealed.groups : std::vector<std::string>{});
}

Result<std::string> PrimaryEnd::base(std::string_view bytes) const {
    TRY(const BaseAsk ask, read_base_ask(pair_.secret, bytes));
    if (!shipping_.has_begun() || ask.run != shipping_.run())
        return fail(Fault::conflict, "This copy has not begun, or another one has. Ask again in a moment.");
    const store::RawPages& file =
        ask.part == Part::service_database ? sources_.service_database : sources_.secrets_database;
    TRY(const std::string raw, file.read(ask.first, ask.count));
    BasePages pages{.run = ask.run, .part = ask.part, .first = ask.first};
    for (std::size_t i = 0; (i + 1) * store::raw_page_bytes <= raw.size(); ++i) {
        const std::string_view page = std::string_view(raw).substr(i * store::raw_page_bytes, store::raw_page_bytes);
        const std::size_t code_at = i * store::raw_code_bytes;
        // A page gets another code with each writing, so the same code is the same page. The first one's code leaves
        // out the salt in front of it, which another file could have.
        const bool same = ask.first + i > 1 && code_at < ask.codes.size() &&
                          page.ends_with(std::string_view(ask.codes).substr(code_at, store::raw_code_bytes));
        if (same) continue;
        pages.numbers.push_back(ask.first + static_cast<std::uint32_t>(i));
        pages.bytes += page;
    }
    TRY(pages.file_pages, file.count());
    // After the reading: whatever may have been half-written meanwhile is in a group up to here.
    pages.newest = shipping_.newest();
    return write_base_pages(pair_.secret, pages);
}

std::string PrimaryEnd::ask() {
    const MutexLock lock(mutex_);
    return write_pull(pair_.secret, {.epoch = serving_.standing().epoch, .ask = ++asked_, .version = pair_.version});
}

/// An old answer says nothing wrong: epochs only rise.
Result<void> PrimaryEnd::hear_peer(std::string_view bytes) {
    TRY(const ReadAnswer read, read_answer(pair_.secret, bytes));
    const MutexLock lock(mutex_);
    const auto next = serving_.hear(read.answer);
    if (next) return adopt(*next);
    follow_standing();
    return {};
}

PrimaryEnd::State PrimaryEnd::state() const {
    const MutexLock lock(mutex_);
    return {.standing = serving_.standing(),
            .pulled_at = pulled_at_,
            .standby_is_whole = standby_is_whole_,
            .standby_cannot_open = standby_cannot_open_,
            .standby_version = standby_version_,
            .newest = shipping_.newest(),
            .confirmed = serving_.confirmed(),
            .unconfirmed_bytes = shipping_.unconfirmed_bytes(),
            .behind_since = behind_since_};
}

Result<void> PrimaryEnd::hand_over() {
    const MutexLock lock(mutex_);
    // As of the pull that confirmed the last group: a key that was changed a moment ago is among what it has.
    if (standby_cannot_open_)
        return fail(Fault::conflict,
                    "The master key of the standby does not open what it has. Copy this machine's key to it.");
    const std::uint64_t last = shipping_.newest();
    TRY(const Standing over, serving_.hand_over(last));
    // At once with the look: whatever is written afterwards would be nowhere but here, so nobody may hear that it is.
    if (!shipping_.end_after(last, {Fault::shutting_down, "This node has handed over to the other one. Try again.",
                                    "written after the hand-over"}))
        return fail(Fault::conflict, "The standby has not everything yet. Try again in a moment.");
    return adopt(over);
}

Result<void> PrimaryEnd::go_on_alone() {
    const MutexLock lock(mutex_);
    TRY(const Standing alone, serving_.go_on_alone());
    TRY_VOID(adopt(alone));
    // The next standby begins with a copy of its own.
    shipping_.let_go();
    return {};
}

Result<std::string> answer_without_serving(const Secret& pairing, const Standing& standing, std::string_view pull) {
    TRY(const Pull asked, read_pull(pairing, pull));
    const bool handed_over = standing.post == Post::retired && standing.run != 0;
    return write_answer(pairing,
                        {.epoch = standing.epoch,
                         .to = asked.ask,
                         .post = standing.post,
                         .run = standing.run,
                         .newest = standing.last_group,
                         .handed_over = handed_over},
                        {});
}

}  // namespace bursar::standby
