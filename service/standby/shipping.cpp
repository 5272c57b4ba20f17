#include "service/standby/shipping.h"

#include "service/base/ensure.h"
#include "service/base/log.h"

namespace bursar::standby {
namespace {

std::size_t index_of(Part database) {
    ENSURE(database == Part::service_database || database == Part::secrets_database);
    return static_cast<std::size_t>(database);
}

}  // namespace

store::Follower& Shipping::follower(Part database) { return taps_.at(index_of(database)); }

void Shipping::begin(std::uint64_t run) {
    const MutexLock lock(mutex_);
    drop_all();
    chain_ = Chain::begin(pairing_, run);
    all_wanted_ = {true, true};
    changed_.notify_all();
}

void Shipping::let_go() {
    const MutexLock lock(mutex_);
    drop_all();
    writers_ = Writers::go_on;
    changed_.notify_all();
}

void Shipping::set_writers(Writers writers) {
    const MutexLock lock(mutex_);
    writers_ = writers;
    changed_.notify_all();
}

void Shipping::end(const Error& why) {
    const MutexLock lock(mutex_);
    if (!ended_) ended_ = why;
    changed_.notify_all();
}

bool Shipping::end_after(std::uint64_t last, const Error& why) {
    const MutexLock lock(mutex_);
    if (!chain_ || chain_->link().number != last || confirmed_ < last) return false;
    if (!ended_) ended_ = why;
    changed_.notify_all();
    return true;
}

void Shipping::drop_all() {
    chain_.reset();
    all_wanted_ = {};
    kept_.clear();
    kept_bytes_ = 0;
    confirmed_ = 0;
}

void Shipping::keep(std::string sealed) {
    kept_bytes_ += sealed.size();
    kept_.push_back(std::move(sealed));
}

bool Shipping::wants_all(Part part) const {
    const MutexLock lock(mutex_);
    return chain_ && all_wanted_.at(index_of(part));
}

Result<void> Shipping::take(Part part, const store::GroupPages& pages) {
    const MutexLock lock(mutex_);
    if (ended_) return std::unexpected(*ended_);
    if (!chain_) return {};
    bool& wanted = all_wanted_.at(index_of(part));
    // Of a log that the copy will have as a whole.
    if (wanted && !pages.all) return {};
    wanted = false;
    for (std::string& sealed : chain_->seal(part, pages)) keep(std::move(sealed));
    if (kept_bytes_ > unconfirmed_bytes_max && writers_ == Writers::go_on) {
        log::warning("standby_too_far_behind", {{"bytes", kept_bytes_}});
        drop_all();
    }
    changed_.notify_all();
    if (!chain_) return {};
    const std::uint64_t run = chain_->link().run;
    const std::uint64_t mine = chain_->link().number;
    // Another run is another copy: what this group needs is in it.
    while (writers_ == Writers::wait && !ended_ && chain_ && chain_->link().run == run && confirmed_ < mine)
        changed_.wait(mutex_);
    if (ended_) return std::unexpected(*ended_);
    return {};
}

void Shipping::put_file(Part part, std::string_view content) {
    const MutexLock lock(mutex_);
    if (!chain_) return;
    keep(chain_->seal_file(part, content));
    changed_.notify_all();
}

Shipping::Sealed Shipping::after(std::uint64_t run, std::uint64_t has, std::size_t bytes_max,
                                 std::chrono::steady_clock::time_point deadline) {
    const MutexLock lock(mutex_);
    const auto is_this = [&]() REQUIRES(mutex_) { return chain_ && chain_->link().run == run; };
    while (is_this() && !ended_ && chain_->link().number <= has)
        if (!changed_.wait_until(mutex_, deadline)) break;
    if (!is_this()) return {.run = chain_ ? chain_->link().run : 0, .newest = chain_ ? chain_->link().number : 0};
    Sealed out{.run = run, .newest = chain_->link().number};
    const std::uint64_t before_kept = out.newest - kept_.size();
    if (has < before_kept || has > out.newest) return out;
    std::size_t bytes = 0;
    for (std::size_t i = has - before_kept; i < kept_.size(); ++i) {
        bytes += kept_[i].size();
        if (bytes > bytes_max && !out.groups.empty()) break;
        out.groups.push_back(kept_[i]);
    }
    return out;
}

void Shipping::confirm(std::uint64_t run, std::uint64_t has) {
    const MutexLock lock(mutex_);
    if (!chain_ || chain_->link().run != run || has > chain_->link().number || has <= confirmed_) return;
    confirmed_ = has;
    while (!kept_.empty() && chain_->link().number - kept_.size() < has) {
        kept_bytes_ -= kept_.front().size();
        kept_.pop_front();
    }
    changed_.notify_all();
}

bool Shipping::wait_confirmed(std::chrono::steady_clock::time_point deadline) {
    const MutexLock lock(mutex_);
    const std::uint64_t run = chain_ ? chain_->link().run : 0;
    const std::uint64_t last = chain_ ? chain_->link().number : 0;
    const auto waits = [&]() REQUIRES(mutex_) { return chain_ && chain_->link().run == run && confirmed_ < last; };
    while (waits())
        if (!changed_.wait_until(mutex_, deadline)) return !waits();
    return true;
}

bool Shipping::has_begun() const {
    const MutexLock lock(mutex_);
    return chain_ && !all_wanted_[0] && !all_wanted_[1];
}

std::uint64_t Shipping::run() const {
    const MutexLock lock(mutex_);
    return chain_ ? chain_->link().run : 0;
}

std::uint64_t Shipping::newest() const {
    const MutexLock lock(mutex_);
    return chain_ ? chain_->link().number : 0;
}

std::size_t Shipping::unconfirmed_bytes() const {
    const MutexLock lock(mutex_);
    return kept_bytes_;
}

}  // namespace bursar::standby
