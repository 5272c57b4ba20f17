#include "service/standby/chain.h"

#include "service/base/ensure.h"
#include "service/base/varint.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::standby {
namespace {

constexpr std::size_t code_bytes = sizeof(Digest);

Secret key_of(const Secret& pairing) { return derive_key(pairing, "bursar standby groups 1"); }

std::string head_of(const Group& group) {
    std::string head;
    append_number(head, group.run);
    append_number(head, group.number);
    append_number(head, std::uint64_t{static_cast<std::uint8_t>(group.part)} * 2 + (group.ends ? 1 : 0));
    append_number(head, group.pages_after);
    append_number(head, group.numbers.size());
    std::uint32_t before = 0;
    for (const std::uint32_t number : group.numbers) {
        append_number(head, number - before);
        before = number;
    }
    return head;
}

std::unexpected<Error> refused(std::string why) {
    return fail(Fault::not_permitted, "This does not follow upon what the standby has. A new copy is needed.",
                std::move(why));
}

bool is_database(Part part) { return part == Part::service_database || part == Part::secrets_database; }

/// The code fitted, so this was written by us: what does not fit here is a mistake of ours or another version's.
Result<Group> read_body(std::string_view body) {
    NumberCursor cursor{body};
    Group group;
    group.run = cursor.number();
    group.number = cursor.number();
    const std::uint64_t kind = cursor.number();
    const std::uint64_t pages_after = cursor.number();
    const std::uint64_t count = cursor.number();
    if (!cursor.good || kind / 2 > static_cast<std::uint64_t>(Part::recovery) || pages_after > UINT32_MAX ||
        count > pages_per_group_max)
        return refused("a group with a head of another version");
    group.part = static_cast<Part>(kind / 2);
    group.ends = kind % 2 == 1;
    group.pages_after = static_cast<std::uint32_t>(pages_after);
    std::uint64_t number = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t step = cursor.number();
        number += step;
        if (step == 0 || number > pages_after) return refused("a group with page numbers that do not rise");
        group.numbers.push_back(static_cast<std::uint32_t>(number));
    }
    const bool fits = is_database(group.part) ? cursor.rest.size() == count * store::raw_page_bytes
                                              : count == 0 && cursor.rest.size() <= small_file_bytes_max;
    if (!cursor.good || !fits) return refused("a group with another length than it says");
    group.bytes = cursor.rest;
    return group;
}

}  // namespace

Chain Chain::begin(const Secret& pairing, std::uint64_t run) {
    Chain chain(key_of(pairing), {.run = run, .number = 0});
    std::string first = "begin";
    append_number(first, run);
    chain.link_.code = hmac_sha256(chain.key_.reveal(), first);
    return chain;
}

Chain Chain::resume(const Secret& pairing, const Link& link) { return Chain(key_of(pairing), link); }

Digest Chain::code_after(std::string_view body) const {
    std::string bound(as_text(link_.code));
    bound += body;
    return hmac_sha256(key_.reveal(), bound);
}

std::string Chain::close(std::string body) {
    link_.code = code_after(body);
    ++link_.number;
    body += as_text(link_.code);
    return body;
}

std::vector<std::string> Chain::seal(Part part, const store::GroupPages& pages) {
    ENSURE(is_database(part) && pages.bytes.size() == pages.numbers.size() * store::raw_page_bytes);
    std::vector<std::string> sealed;
    std::size_t done = 0;
    do {
        const std::size_t count = std::min(pages_per_group_max, pages.numbers.size() - done);
        const auto first = pages.numbers.begin() + static_cast<std::ptrdiff_t>(done);
        Group group{.run = link_.run, .number = link_.number + 1, .part = part, .pages_after = pages.pages_after};
        group.numbers.assign(first, first + static_cast<std::ptrdiff_t>(count));
        const std::size_t begin = done * store::raw_page_bytes;
        done += count;
        group.ends = done == pages.numbers.size();
        std::string body = head_of(group);
        body.append(pages.bytes, begin, count * store::raw_page_bytes);
        sealed.push_back(close(std::move(body)));
    } while (done < pages.numbers.size());
    return sealed;
}

std::string Chain::seal_file(Part part, std::string_view content) {
    ENSURE(!is_database(part) && content.size() <= small_file_bytes_max);
    std::string body =
        head_of({.run = link_.run, .number = link_.number + 1, .part = part, .numbers = {}, .bytes = {}});
    body += content;
    return close(std::move(body));
}

Result<Group> Chain::open(std::string_view sealed) {
    if (sealed.size() < code_bytes || sealed.size() > sealed_bytes_max)
        return refused(fmt::format("a group of {} bytes", sealed.size()));
    const std::string_view body = sealed.substr(0, sealed.size() - code_bytes);
    const Digest code = code_after(body);
    if (!equal_in_constant_time(as_text(code), sealed.substr(body.size())))
        return refused(fmt::format("not the group after {} of run {:x}", link_.number, link_.run));
    TRY(Group group, read_body(body));
    if (group.run != link_.run || group.number != link_.number + 1)
        return refused(
            fmt::format("group {} of run {:x} after {} of {:x}", group.number, group.run, link_.number, link_.run));
    link_.code = code;
    link_.number = group.number;
    return group;
}

}  // namespace bursar::standby
