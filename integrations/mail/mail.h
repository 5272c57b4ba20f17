#pragma once

#include "integrations/mail/address.h"
#include "integrations/text.h"
#include "service/base/clock.h"

#include <string>
#include <string_view>
#include <vector>

namespace bursar::integrations::mail {

struct Envelope {
    Mailbox from;
    std::vector<Mailbox> to;
    std::string delivery_id;  ///< makes the Message-ID, the same for every try
    Timestamp now;
};

/// An attachment of this type is no file: it is the mail's HTML in place of what would be made of the message. The
/// first PNG among the attachments then belongs to it, by this content id.
inline constexpr const char* page_type = "text/html; of=mail";
inline constexpr const char* picture_id = "picture@bursar";

/// A whole mail with CRLF (RFC 5322, MIME): plain text and HTML as alternatives, attachments. No text of the message
/// can add a header or markup. Mails of one incident are one thread.
std::string mail(const Message& message, Copy copy, const Envelope& envelope);

/// A header's value for any text, in encoded words of at most 75 characters where it is not plain ASCII (RFC 2047),
/// folded.
std::string header_text(std::string_view text);
/// The same for a name before an address, where punctuation means something.
std::string header_phrase(std::string_view text);
std::string html(const Message& message, Copy copy);
std::string plain(const Message& message, Copy copy);

}  // namespace bursar::integrations::mail
