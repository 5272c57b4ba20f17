#include "service/store/log_reader.h"

#include <cerrno>
#include <fcntl.h>
#include <map>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::store {
namespace {

// All numbers are big-endian.
constexpr std::size_t log_head_bytes = 32;
constexpr std::size_t page_size_at = 8;
constexpr std::size_t log_salts_at = 16;
constexpr std::size_t salts_bytes = 8;
constexpr std::size_t frame_head_bytes = 24;
constexpr std::size_t frame_length_at = 4;  ///< of the file in pages after the commit that it ends; else 0
constexpr std::size_t frame_salts_at = 8;
constexpr std::size_t frame_bytes = frame_head_bytes + raw_page_bytes;
/// Far more than the log ever has: GroupStore ends it from 16,000 on, and copies and long reads hold it back.
constexpr int frames_at_once_max = 1'000'000;

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t number = 0;
    for (const char c : bytes.substr(at, 4)) number = number << 8 | static_cast<unsigned char>(c);
    return number;
}

}  // namespace

LogReader::LogReader(const std::filesystem::path& database) : file_(database) { file_ += "-wal"; }

std::unexpected<Error> LogReader::unreadable(std::string_view why) const {
    return fail(Fault::storage_unavailable, "The service cannot hand on what it wrote; the operator has to look at it.",
                fmt::format("cannot read back {}: {}", file_.string(), why));
}

Result<std::string> LogReader::bytes_at(std::uint64_t offset, std::size_t count) const {
    std::string bytes(count, '\0');
    for (std::size_t done = 0; done < count;) {
        const ssize_t got =
            ::pread(descriptor_.number(), bytes.data() + done, count - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return unreadable(errno_text(errno));
        if (got == 0) return unreadable("it is shorter than the last commit said");
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

Result<GroupPages> LogReader::read(int until) {
    GroupPages pages;
    pages.all = std::exchange(all_, false);
    if (until == 0) return pages;
    if (!descriptor_.is_open()) descriptor_ = Descriptor(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!descriptor_.is_open()) return unreadable(errno_text(errno));
    TRY(const std::string head, bytes_at(0, log_head_bytes));
    if (number_at(head, page_size_at) != raw_page_bytes) return unreadable("its pages have another size");
    std::string salts = head.substr(log_salts_at, salts_bytes);
    if (salts != salts_) {
        frames_read_ = 0;
        salts_ = std::move(salts);
    }
    if (until < frames_read_ || until - frames_read_ > frames_at_once_max)
        return unreadable(fmt::format("{} frames, of which {} were read", until, frames_read_));
    if (until == frames_read_) return pages;

    const auto count = static_cast<std::size_t>(until - frames_read_);
    TRY(const std::string frames,
        bytes_at(log_head_bytes + static_cast<std::uint64_t>(frames_read_) * frame_bytes, count * frame_bytes));
    std::map<std::uint32_t, std::size_t> newest;  // where the last frame of each page begins
    for (std::size_t at = 0; at < frames.size(); at += frame_bytes) {
        if (std::string_view(frames).substr(at + frame_salts_at, salts_bytes) != salts_)
            return unreadable("a frame is of an earlier start of the log");
        newest[number_at(frames, at)] = at;
    }
    pages.pages_after = number_at(frames, frames.size() - frame_bytes + frame_length_at);
    if (pages.pages_after == 0) return unreadable("its last frame ends no commit");
    for (const auto& [number, at] : newest) {
        // What a later commit has cut off is no page any more.
        if (number == 0 || number > pages.pages_after) continue;
        pages.numbers.push_back(number);
        pages.bytes.append(frames, at + frame_head_bytes, raw_page_bytes);
    }
    frames_read_ = until;
    return pages;
}

}  // namespace bursar::store
