#include "service/standby/kept_copy.h"

#include "service/base/varint.h"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::standby {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view state_mark = "bursar-copy 1 ";
constexpr std::size_t length_bytes = 4;
constexpr mode_t owner_only = S_IRUSR | S_IWUSR;

std::unexpected<Error> cannot(std::string_view doing, const fs::path& file) {
    return fail(Fault::storage_unavailable, "The standby cannot keep its copy; the operator has to look at its disk.",
                fmt::format("cannot {} {}: {}", doing, file.string(), store::errno_text(errno)));
}

std::unexpected<Error> damaged(const fs::path& file) {
    return fail(
        Fault::wrong_configuration,
        fmt::format("{} was cut or edited, so the copy cannot be used. A new one will be made.", file.string()));
}

Result<store::Descriptor> open_file(const fs::path& file, int mode) {
    store::Descriptor descriptor(::open(file.c_str(), mode | O_CLOEXEC | O_NOFOLLOW, owner_only));
    if (!descriptor.is_open()) return cannot("open", file);
    return descriptor;
}

Result<void> write_at(const store::Descriptor& to, std::uint64_t offset, std::string_view bytes, const fs::path& file) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(to.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return cannot("write", file);
        offset += static_cast<std::uint64_t>(written);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

/// As many of `count` bytes as there are.
Result<std::string> read_at(const store::Descriptor& from, std::uint64_t offset, std::size_t count,
                            const fs::path& file) {
    std::string bytes(count, '\0');
    std::size_t done = 0;
    while (done < count) {
        const ssize_t got =
            ::pread(from.number(), bytes.data() + done, count - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cannot("read", file);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

std::string length_prefix(std::size_t bytes) {
    std::string prefix;
    for (std::size_t i = 0; i < length_bytes; ++i) prefix.push_back(static_cast<char>(bytes >> (8 * i) & 0xff));
    return prefix;
}

std::size_t length_of(std::string_view prefix) {
    std::size_t bytes = 0;
    for (std::size_t i = prefix.size(); i-- > 0;) bytes = bytes << 8 | static_cast<unsigned char>(prefix[i]);
    return bytes;
}

}  // namespace

fs::path KeptCopy::file_of(Part part) const {
    switch (part) {
        case Part::service_database:
            return folder_ / "bursar.db";
        case Part::secrets_database:
            return folder_ / "vault.db";
        case Part::keyring:
            return folder_ / "keyring";
        case Part::recovery:
            return folder_ / "recovery";
    }
    return {};
}

fs::path KeptCopy::log_file() const { return folder_ / fmt::format("groups-{}", applied_.number); }

Result<std::unique_ptr<KeptCopy>> KeptCopy::begin(const fs::path& folder, const Secret& pairing, std::uint64_t run,
                                                  const fs::path& former) {
    std::error_code error;
    if (!fs::create_directories(folder, error) || error)
        return fail(Fault::storage_unavailable,
                    fmt::format("{} cannot be created, or is there already.", folder.string()),
                    fmt::format("{}: {}", folder.string(), error.message()));
    fs::permissions(folder, fs::perms::owner_all, error);
    std::unique_ptr<KeptCopy> copy(new KeptCopy(folder, Chain::begin(pairing, run), pairing.duplicate()));
    copy->applied_ = copy->chain_.link();
    for (const Part part : {Part::service_database, Part::secrets_database}) {
        const fs::path file = copy->file_of(part);
        const fs::path old = former / file.filename();
        if (!former.empty() && fs::exists(old, error)) fs::copy_file(old, file, error);
        if (error)
            return fail(Fault::storage_unavailable, fmt::format("Cannot copy {}: {}.", old.string(), error.message()));
        TRY_VOID(open_file(file, O_RDWR | O_CREAT));
    }
    TRY_VOID(copy->start_log());
    TRY_VOID(copy->write_state());
    return copy;
}

Result<std::unique_ptr<KeptCopy>> KeptCopy::open(const fs::path& folder, const Secret& pairing) {
    std::ifstream in(folder / "state", std::ios::binary);
    const std::string state{std::istreambuf_iterator<char>(in), {}};
    if (!state.starts_with(state_mark)) return damaged(folder / "state");
    NumberCursor cursor{std::string_view(state).substr(state_mark.size())};
    Link applied{.run = cursor.number(), .number = cursor.number()};
    const bool whole = cursor.number() == 1;
    if (!cursor.good || cursor.rest.size() != applied.code.size()) return damaged(folder / "state");
    std::copy(cursor.rest.begin(), cursor.rest.end(), applied.code.begin());
    std::unique_ptr<KeptCopy> copy(new KeptCopy(folder, Chain::resume(pairing, applied), pairing.duplicate()));
    copy->applied_ = applied;
    copy->whole_ = whole;
    copy->last_end_ = applied.number;
    const fs::path keyring = copy->file_of(Part::keyring);
    if (std::error_code error; fs::exists(keyring, error)) {
        TRY(const auto opened, open_file(keyring, O_RDONLY));
        TRY(copy->newest_keyring_, read_at(opened, 0, small_file_bytes_max, keyring));
    }
    TRY_VOID(copy->read_log());
    return copy;
}

/// A group's number and place are checked by the chain, so what lies behind a crash's edge cannot be taken for one.
Result<void> KeptCopy::read_log() {
    const fs::path file = log_file();
    TRY(log_, open_file(file, O_RDWR));
    for (;;) {
        TRY(const std::string prefix, read_at(log_, log_bytes_, length_bytes, file));
        const std::size_t bytes = length_of(prefix);
        if (prefix.size() < length_bytes || bytes > sealed_bytes_max) break;
        TRY(const std::string sealed, read_at(log_, log_bytes_ + length_bytes, bytes, file));
        const auto group = chain_.open(sealed);
        if (!group) break;
        waiting_.push_back({.offset = log_bytes_ + length_bytes, .bytes = bytes, .ends = group->ends});
        note(*group);
        log_bytes_ += length_bytes + bytes;
    }
    if (::ftruncate(log_.number(), static_cast<off_t>(log_bytes_)) != 0) return cannot("cut", file);
    drop_other_logs();
    return {};
}

void KeptCopy::note(const Group& group) {
    if (group.ends) last_end_ = group.number;
    if (group.part == Part::keyring) newest_keyring_ = group.bytes;
}

/// Of a fold that was cut off: either before the new state, or after it.
void KeptCopy::drop_other_logs() const {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder_, ignored))
        if (entry.path().filename().string().starts_with("groups-") && entry.path() != log_file())
            fs::remove(entry.path(), ignored);
}

Result<void> KeptCopy::start_log() {
    TRY(log_, open_file(log_file(), O_RDWR | O_CREAT | O_TRUNC));
    log_bytes_ = 0;
    waiting_.clear();
    return store::sync_folder(folder_);
}

Result<void> KeptCopy::write_state() const {
    std::string state(state_mark);
    append_number(state, applied_.run);
    append_number(state, applied_.number);
    append_number(state, whole_ ? 1 : 0);
    state += as_text(applied_.code);
    return store::replace_file(folder_ / "state", state);
}

/// After some errors nobody knows what is on the disk; it has to be read anew.
Result<void> KeptCopy::check_usable() const {
    if (!broken_) return {};
    return fail(Fault::storage_unavailable,
                "The standby has to open its copy anew; the operator has to look at its disk.");
}

Result<void> KeptCopy::append(std::string_view sealed) {
    if (log_bytes_ + length_bytes + sealed.size() > waiting_bytes_max)
        return fail(Fault::storage_unavailable, "The standby has too much that waits for the rest of a copy.",
                    fmt::format("{} bytes of groups wait in {}", log_bytes_, log_file().string()));
    const Link before = chain_.link();
    TRY(const Group group, chain_.open(sealed));
    auto written = write_at(log_, log_bytes_, length_prefix(sealed.size()), log_file());
    if (written) written = write_at(log_, log_bytes_ + length_bytes, sealed, log_file());
    if (!written) {
        // The next try writes over what there is of it.
        chain_ = Chain::resume(pairing_, before);
        return written;
    }
    waiting_.push_back({.offset = log_bytes_ + length_bytes, .bytes = sealed.size(), .ends = group.ends});
    log_bytes_ += length_bytes + sealed.size();
    note(group);
    return {};
}

Result<void> KeptCopy::take(std::span<const std::string> sealed) {
    Result<void> taken;
    TRY_VOID(check_usable());
    if (sealed.empty()) return {};
    for (const std::string& each : sealed) {
        taken = append(each);
        if (!taken) break;
    }
    if (::fdatasync(log_.number()) == 0) return taken;
    broken_ = true;
    return cannot("sync", log_file());
}

Result<void> KeptCopy::put_base(Part part, std::uint32_t first, std::string_view pages) {
    if (whole_ || first == 0 || pages.size() % store::raw_page_bytes != 0)
        return fail(Fault::not_permitted, "These pages do not belong to the copy.");
    const fs::path file = file_of(part);
    TRY(const auto base, open_file(file, O_RDWR));
    return write_at(base, (std::uint64_t{first} - 1) * store::raw_page_bytes, pages, file);
}

Result<std::string> KeptCopy::base_codes(Part part, std::uint32_t first, std::uint32_t count) const {
    const fs::path file = file_of(part);
    TRY(const auto base, open_file(file, O_RDONLY));
    TRY(const std::string pages, read_at(base, (std::uint64_t{first} - 1) * store::raw_page_bytes,
                                         std::size_t{count} * store::raw_page_bytes, file));
    std::string codes;
    for (std::size_t end = store::raw_page_bytes; end <= pages.size(); end += store::raw_page_bytes)
        codes.append(pages, end - store::raw_code_bytes, store::raw_code_bytes);
    return codes;
}

Result<void> KeptCopy::complete_base() {
    TRY_VOID(check_usable());
    if (!waiting_.empty() && !waiting_.back().ends)
        return fail(Fault::conflict, "The last commit of the copy has not come wholly.");
    // Before the word: a base whose pages are not on the disk yet is none after a crash.
    for (const Part part : {Part::service_database, Part::secrets_database}) {
        TRY(const auto base, open_file(file_of(part), O_RDWR));
        if (::fsync(base.number()) != 0) return cannot("sync", file_of(part));
    }
    whole_ = true;
    auto written = write_state();
    if (!written) whole_ = false;
    return written;
}

Result<void> KeptCopy::fold(std::uint64_t above_bytes) {
    TRY_VOID(check_usable());
    const bool within_a_commit = waiting_.empty() || !waiting_.back().ends;
    if (!whole_ || within_a_commit || log_bytes_ <= above_bytes) return {};
    TRY_VOID(apply_commits());
    const fs::path old = log_file();
    applied_ = chain_.link();
    // From here to the new state the disk goes by the former log, and this object by the new one.
    broken_ = true;
    TRY_VOID(start_log());
    TRY_VOID(write_state());
    broken_ = false;
    std::error_code ignored;
    fs::remove(old, ignored);
    return {};
}

Result<void> KeptCopy::finish() {
    TRY_VOID(check_usable());
    if (!whole_) return fail(Fault::conflict, "The copy is not whole, so nobody can go on with it.");
    while (!waiting_.empty() && !waiting_.back().ends) waiting_.pop_back();
    return apply_commits();
}

/// May be cut off anywhere: the groups stay where they are until all of them are in the files.
Result<void> KeptCopy::apply_commits() {
    Chain reader = Chain::resume(pairing_, applied_);
    for (const Place& place : waiting_) {
        TRY(const std::string sealed, read_at(log_, place.offset, static_cast<std::size_t>(place.bytes), log_file()));
        TRY(const Group group, reader.open(sealed));
        TRY_VOID(apply(group));
    }
    for (const Part part : {Part::service_database, Part::secrets_database}) {
        TRY(const auto base, open_file(file_of(part), O_RDWR));
        if (::fsync(base.number()) != 0) return cannot("sync", file_of(part));
    }
    return {};
}

Result<void> KeptCopy::apply(const Group& group) {
    const fs::path file = file_of(group.part);
    if (group.part == Part::keyring || group.part == Part::recovery) return store::replace_file(file, group.bytes);
    TRY(const auto base, open_file(file, O_RDWR));
    for (std::size_t i = 0; i < group.numbers.size(); ++i)
        TRY_VOID(write_at(base, (std::uint64_t{group.numbers[i]} - 1) * store::raw_page_bytes,
                          std::string_view(group.bytes).substr(i * store::raw_page_bytes, store::raw_page_bytes),
                          file));
    if (!group.ends) return {};
    const auto length = static_cast<off_t>(std::uint64_t{group.pages_after} * store::raw_page_bytes);
    if (::ftruncate(base.number(), length) != 0) return cannot("cut", file);
    return {};
}

}  // namespace bursar::standby
