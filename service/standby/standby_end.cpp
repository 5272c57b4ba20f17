#include "service/base/log.h"
#include "service/standby/ends.h"
#include "service/standby/standing_file.h"

#include <fstream>
#include <system_error>

#include <fmt/format.h>

namespace bursar::standby {
namespace {

namespace fs = std::filesystem;

/// Names the folder of the copy that is whole.
constexpr const char* current_name = "current";
/// Groups are moved into the files when there are so many of them.
constexpr std::uint64_t fold_above_bytes = std::uint64_t{64} << 20;

std::uint64_t random_number() {
    std::uint64_t number = 0;
    for (const char c : random_bytes(sizeof number)) number = number << 8 | static_cast<unsigned char>(c);
    return number;
}

}  // namespace

StandbyEnd::StandbyEnd(Pair pair, Standing standing, fs::path folder, const Clock& clock)
    : pair_(std::move(pair)),
      folder_(std::move(folder)),
      clock_(clock),
      following_(standing, pair_.mode, pair_.times, random_number()) {}

Result<std::unique_ptr<StandbyEnd>> StandbyEnd::open(Pair pair, Standing standing, fs::path folder,
                                                     const Clock& clock) {
    std::unique_ptr<StandbyEnd> end(new StandbyEnd(std::move(pair), standing, std::move(folder), clock));
    std::string current;
    std::getline(std::ifstream(end->folder_ / current_name), current);
    if (current.empty()) return end;
    TRY(end->whole_, KeptCopy::open(end->folder_ / fs::path(current).filename(), end->pair_.secret));
    return end;
}

fs::path StandbyEnd::folder_of(std::uint64_t run) const { return folder_ / fmt::format("copy-{:016x}", run); }

const KeptCopy* StandbyEnd::followed() const {
    const bool copying = incoming_ && incoming_->held().run == following_.last_answer().run;
    return copying ? incoming_.get() : whole_.get();
}

Held StandbyEnd::held() const { return followed() != nullptr ? followed()->held() : Held{}; }

std::string StandbyEnd::ask(bool wants_to_take_over) {
    Held on_disk = held();
    // Also of a commit whose end has not come yet: what is here need not come again.
    if (followed() != nullptr) on_disk.group = followed()->link().number;
    Pull pull = following_.pull(on_disk, wants_to_take_over);
    pull.version = pair_.version;
    return write_pull(pair_.secret, pull);
}

std::string StandbyEnd::keyring() const { return followed() != nullptr ? followed()->keyring() : std::string(); }

Result<void> StandbyEnd::begin_copy(std::uint64_t run) {
    // Any other one was never whole; its folder goes.
    incoming_.reset();
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
        const bool is_whole = whole_ && entry.path() == whole_->file_of(Part::service_database).parent_path();
        if (entry.is_directory(ignored) && !is_whole) fs::remove_all(entry.path(), ignored);
    }
    // What waits in the former one's groups is no reason to send those pages again.
    if (whole_) TRY_VOID(whole_->fold(0));
    const fs::path former = whole_ ? whole_->file_of(Part::service_database).parent_path() : fs::path();
    TRY(incoming_, KeptCopy::begin(folder_of(run), pair_.secret, run, former));
    base_part_ = Part::service_database;
    base_next_ = 1;
    base_read_ = false;
    return {};
}

Result<void> StandbyEnd::take_groups(const ReadAnswer& read) {
    const Answer& answer = read.answer;
    const bool serves = answer.post == Post::alone || answer.post == Post::primary;
    if (!serves || answer.run == 0 || following_.standing().post == Post::retired) return {};
    KeptCopy* copy = incoming_ && incoming_->held().run == answer.run ? incoming_.get() : whole_.get();
    // A copy of another run is of no use to it.
    if (copy == nullptr || copy->held().run != answer.run) return begin_copy(answer.run);
    auto taken = copy->take(read.groups);
    // A gap: nothing is confirmed behind it, and a new copy is asked for.
    if (!taken && taken.error().fault == Fault::not_permitted) {
        log::warning("standby_gap", {{"error", taken.error().operator_text()}});
        return taken;
    }
    if (taken) taken = copy->fold(fold_above_bytes);
    return taken;
}

Result<void> StandbyEnd::hear(std::string_view bytes) {
    TRY(const ReadAnswer read, read_answer(pair_.secret, bytes));
    if (!following_.expects(read.answer)) return {};
    if (read.answer.epoch == following_.standing().epoch) TRY_VOID(take_groups(read));
    TRY_VOID(complete_if_done());
    const bool of_this_run = incoming_ && incoming_->held().run == read.answer.run;
    const Held now_held = of_this_run ? incoming_->held() : whole_ ? whole_->held() : Held{};
    const auto next = following_.hear(read.answer, now_held, clock_.moment());
    if (!next) return {};
    TRY_VOID(write_standing(pair_.standing_file, *next));
    following_.adopt(*next);
    return {};
}

Result<std::string> StandbyEnd::ask_base() const {
    if (!incoming_ || base_read_) return std::string{};
    TRY(std::string codes, incoming_->base_codes(base_part_, base_next_, base_pages_per_ask));
    return write_base_ask(pair_.secret, {.run = incoming_->held().run,
                                         .part = base_part_,
                                         .first = base_next_,
                                         .count = base_pages_per_ask,
                                         .codes = std::move(codes)});
}

Result<void> StandbyEnd::hear_base(std::string_view bytes) {
    TRY(const BasePages pages, read_base_pages(pair_.secret, bytes));
    const bool fits = incoming_ && !base_read_ && pages.run == incoming_->held().run && pages.part == base_part_ &&
                      pages.first == base_next_;
    if (!fits) return {};
    for (std::size_t i = 0; i < pages.numbers.size(); ++i)
        TRY_VOID(incoming_->put_base(
            base_part_, pages.numbers[i],
            std::string_view(pages.bytes).substr(i * store::raw_page_bytes, store::raw_page_bytes)));
    base_next_ += base_pages_per_ask;
    if (base_next_ <= pages.file_pages) return {};
    base_next_ = 1;
    if (base_part_ == Part::service_database) {
        base_part_ = Part::secrets_database;
        return {};
    }
    base_read_ = true;
    whole_from_ = pages.newest;
    return complete_if_done();
}

/// Old or new, never neither: the former copy goes once the new one is named.
Result<void> StandbyEnd::complete_if_done() {
    if (!incoming_ || !base_read_ || incoming_->held().group < whole_from_) return {};
    if (incoming_->link().number != incoming_->held().group) return {};
    TRY_VOID(incoming_->complete_base());
    const fs::path fresh = incoming_->file_of(Part::service_database).parent_path();
    TRY_VOID(store::replace_file(folder_ / current_name, fresh.filename().string() + "\n"));
    const fs::path former = whole_ ? whole_->file_of(Part::service_database).parent_path() : fs::path();
    whole_ = std::move(incoming_);
    std::error_code ignored;
    if (!former.empty()) fs::remove_all(former, ignored);
    log::info("standby_copy_whole", {{"group", whole_->held().group}});
    return {};
}

Result<void> StandbyEnd::take_over(Following::Word word) {
    const Held what = whole_ ? whole_->held() : Held{};
    TRY(const Standing taken, following_.take_over(what, word, clock_.moment()));
    // Before the word: who has said that it serves has to be able to.
    TRY_VOID(whole_->finish());
    TRY_VOID(write_standing(pair_.standing_file, taken));
    following_.adopt(taken);
    return {};
}

}  // namespace bursar::standby
