#include "tests/unit/ldap/fake_server.h"

namespace bursar::ldap::test {
namespace {

std::string message(const Request& request, std::string_view operation, std::string_view controls = {}) {
    return sequence(number(request.id) + std::string(operation) + (controls.empty() ? "" : tlv(0xa0, controls)));
}

std::string result(int code, std::string_view diagnostic) {
    return number(code, 0x0a) + octets("") + octets(diagnostic);
}

}  // namespace

std::string tlv(unsigned char tag, std::string_view content) {
    std::string out(1, static_cast<char>(tag));
    if (content.size() < 0x80) {
        out += static_cast<char>(content.size());
    } else {
        out += '\x84';
        for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(content.size() >> shift & 0xff);
    }
    return out.append(content);
}

std::string octets(std::string_view text, unsigned char tag) { return tlv(tag, text); }

std::string number(std::int64_t value, unsigned char tag) {
    std::string content;
    for (int shift = 24; shift >= 0; shift -= 8) content += static_cast<char>(value >> shift & 0xff);
    return tlv(tag, content);
}

std::string sequence(std::string_view content) { return tlv(0x30, content); }

std::string bind_done(const Request& request, int code, std::string_view diagnostic) {
    return message(request, tlv(0x61, result(code, diagnostic)));
}

std::string entry(const Request& request, std::string_view dn, const std::vector<Attribute>& attributes) {
    std::string list;
    for (const Attribute& attribute : attributes) {
        std::string values;
        for (const std::string& value : attribute.values) values += octets(value);
        list += sequence(octets(attribute.name) + tlv(0x31, values));
    }
    return message(request, tlv(0x64, octets(dn) + sequence(list)));
}

std::string reference(const Request& request, std::string_view address) {
    return message(request, tlv(0x73, octets(address)));
}

std::string search_done(const Request& request, int code, std::string_view cookie, std::string_view referral) {
    const std::string page = sequence(octets("1.2.840.113556.1.4.319") + octets(sequence(number(0) + octets(cookie))));
    const std::string where = referral.empty() ? "" : tlv(0xa3, octets(referral));
    return message(request, tlv(0x65, result(code, "") + where), page);
}

}  // namespace bursar::ldap::test
