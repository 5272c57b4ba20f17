#include "integrations/mail/mail.h"

#include "service/base/crypto.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

namespace bursar::integrations::mail {
namespace {

constexpr std::size_t subject_units_max = 250, line_bytes = 76;

/// "Sun, 29 Nov 2026 21:50:00 +0000" (RFC 5322 §3.3)
std::string date_words(Timestamp at) {
    constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", days[std::chrono::weekday(day).c_encoding()],
                       static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                       time.seconds().count());
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

constexpr std::size_t word_bytes_max = 60;

std::size_t longest_word(std::string_view line) {
    std::size_t longest = 0, length = 0;
    for (const char c : line) {
        length = c == ' ' ? 0 : length + 1;
        longest = std::max(longest, length);
    }
    return longest;
}

/// Lines of 78 characters at most (RFC 5322 §2.2.3); the first one stands behind the header's name.
std::string folded(std::string_view line) {
    constexpr std::size_t line_max = 78, name_room = 15;
    std::string out;
    std::size_t column = name_room;
    for (std::size_t at = 0; at < line.size();) {
        // A word with the blank before it, which is where the line may be broken.
        const std::size_t end = std::min(line.find(' ', at + 1), line.size());
        const std::string_view word = line.substr(at, end - at);
        if (column + word.size() > line_max && word.front() == ' ' && word.size() > 1) {
            out += "\r\n";
            column = 0;
        }
        out += word;
        column += word.size();
        at = end;
    }
    return out;
}

/// Encoded words of at most 75 characters (RFC 2047 §2).
std::string encoded(std::string_view line) {
    constexpr std::size_t bytes_max = 45;  // 60 of base64, in a word of 72
    std::string out, word;
    const auto flush = [&] {
        if (word.empty()) return;
        out += fmt::format("{}=?UTF-8?B?{}?=", out.empty() ? "" : "\r\n ", to_base64(word));
        word.clear();
    };
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t bytes = code_point_bytes(line, at);
        if (word.size() + bytes > bytes_max) flush();
        word += line.substr(at, bytes);
        at += bytes;
    }
    flush();
    return out;
}

/// Base64 in lines (RFC 2045 §6.8): nothing in it is a line of its own, a boundary or a dot.
std::string base64_lines(std::string_view bytes) {
    const std::string all = to_base64(bytes);
    std::string out;
    out.reserve(all.size() + all.size() / line_bytes * 2 + 2);
    for (std::size_t at = 0; at < all.size(); at += line_bytes) out.append(all, at, line_bytes).append("\r\n");
    return out;
}

std::string part(std::string_view type, std::string_view bytes) {
    return fmt::format("Content-Type: {}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", type, base64_lines(bytes));
}

std::string attachment_part(const Attachment& attachment) {
    std::string name = one_line(attachment.name);
    const auto odd = [](char c) { return c == '"' || c == '\\' || c == '/' || static_cast<unsigned char>(c) >= 0x7f; };
    std::ranges::replace_if(name, odd, '_');
    std::string type = attachment.type;
    const auto is_type = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '/' || c == '-' || c == '+' || c == '.';
    };
    if (!type.contains('/') || !std::ranges::all_of(type, is_type)) type = "application/octet-stream";
    return fmt::format(
        "Content-Type: {0}; name=\"{1}\"\r\nContent-Disposition: attachment; filename=\"{1}\"\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n{2}",
        type, cut(name, 60, ""), base64_lines(attachment.bytes));
}

std::string multipart(std::string_view kind, std::string_view boundary, const std::vector<std::string>& parts) {
    std::string out = fmt::format("Content-Type: multipart/{}; boundary=\"{}\"\r\n\r\n", kind, boundary);
    for (const std::string& each : parts) out += fmt::format("--{}\r\n{}", boundary, each);
    return out + fmt::format("--{}--\r\n", boundary);
}

/// What of a message's attachments is no file.
struct Page {
    const Attachment* html = nullptr;
    const Attachment* picture = nullptr;
};

Page page_of(const Message& message) {
    Page out;
    for (const Attachment& each : message.attachments) {
        if (out.html == nullptr && each.type == page_type) out.html = &each;
        if (out.picture == nullptr && each.type == "image/png") out.picture = &each;
    }
    if (out.html == nullptr) out.picture = nullptr;
    return out;
}

/// A page with its picture (RFC 2387), or what there is to say.
std::string html_part(const Message& message, Copy copy, const Page& page, std::string_view boundary) {
    constexpr std::string_view type = "text/html; charset=utf-8";
    if (page.html == nullptr) return part(type, html(message, copy));
    if (page.picture == nullptr) return part(type, page.html->bytes);
    const std::string picture = fmt::format(
        "Content-Type: image/png\r\nContent-ID: <{}>\r\nContent-Disposition: inline; filename=\"report.png\"\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n{}",
        picture_id, base64_lines(page.picture->bytes));
    return multipart("related", boundary, {part(type, page.html->bytes), picture});
}

std::string mailbox_text(const Mailbox& mailbox) {
    if (mailbox.name.empty()) return mailbox.address;
    return fmt::format("{} <{}>", header_phrase(mailbox.name), mailbox.address);
}

std::string recipients(const std::vector<Mailbox>& to) {
    std::string out;
    for (const Mailbox& each : to) out += (out.empty() ? "" : ",\r\n ") + mailbox_text(each);
    return out;
}

/// An id that is ASCII whatever it is made from.
std::string short_hash(std::string_view text) { return to_hex(as_text(sha256(text)).substr(0, 16)); }

std::string headers(const Message& message, Copy copy, const Envelope& envelope) {
    const std::string_view domain = envelope.from.domain();
    // No mail has the thread's id: those of an incident are equal answers to it, whichever of them arrived.
    const std::string thread = fmt::format("<incident.{}@{}>", short_hash(message.incident), domain);
    std::string out = fmt::format("Date: {}\r\nFrom: {}\r\nTo: {}\r\n", date_words(envelope.now),
                                  mailbox_text(envelope.from), recipients(envelope.to));
    out += fmt::format("Subject: {}\r\n", header_text(cut(headline(message, copy), subject_units_max, "…")));
    out += fmt::format("Message-ID: <delivery.{}@{}>\r\n", short_hash(envelope.delivery_id), domain);
    out += fmt::format("In-Reply-To: {0}\r\nReferences: {0}\r\n", thread);
    // RFC 3834: nobody's absence notice should answer.
    out += "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n";
    if (message.severity == Severity::critical && message.state == State::firing) out += "Importance: high\r\n";
    return out + "MIME-Version: 1.0\r\n";
}

}  // namespace

std::string header_text(std::string_view text) {
    const std::string line = one_line(text);
    // What looks encoded would be read as what it is not.
    const bool is_plain = is_ascii(line) && !line.contains("=?") && longest_word(line) <= word_bytes_max;
    return is_plain ? folded(line) : encoded(line);
}

std::string header_phrase(std::string_view text) {
    const std::string line = one_line(text);
    const bool is_plain = std::ranges::all_of(line, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ' || c == '-';
    });
    return is_plain && line.size() <= word_bytes_max ? line : encoded(line);
}

std::string mail(const Message& message, Copy copy, const Envelope& envelope) {
    const std::string id = short_hash(envelope.delivery_id);
    const Page page = page_of(message);
    std::string words = multipart(
        "alternative", "=_alternative_" + id,
        {part("text/plain; charset=utf-8", plain(message, copy)), html_part(message, copy, page, "=_related_" + id)});
    const std::string head = headers(message, copy, envelope);
    std::vector<std::string> parts{std::move(words)};
    for (const Attachment& each : message.attachments)
        if (&each != page.html && &each != page.picture) parts.push_back(attachment_part(each));
    return parts.size() == 1 ? head + parts.front() : head + multipart("mixed", "=_mixed_" + id, parts);
}

}  // namespace bursar::integrations::mail
