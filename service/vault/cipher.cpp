#include "service/vault/cipher.h"

#include "service/base/crypto.h"
#include "service/base/ensure.h"

#include <memory>
#include <sys/mman.h>
#include <unistd.h>

#include <argon2.h>
#include <fmt/format.h>
#include <openssl/evp.h>

namespace bursar::vault {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
static_assert(nonce_bytes + tag_bytes == encryption_overhead_bytes);

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
int length_of(std::string_view text) { return static_cast<int>(text.size()); }

}  // namespace

std::string encrypt(const Secret& key, std::string_view bound_to, std::string_view plain) {
    ENSURE(key.size() == key_bytes);
    const Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
    std::string sealed = random_bytes(nonce_bytes);
    sealed.resize(nonce_bytes + plain.size() + tag_bytes);
    unsigned char* const out = bytes_of(sealed);
    int count = 0;
    // With parameters of ours these calls fail only if libcrypto is broken.
    ENSURE(context && EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key.reveal()), out) == 1);
    ENSURE(EVP_EncryptUpdate(context.get(), nullptr, &count, bytes_of(bound_to), length_of(bound_to)) == 1);
    ENSURE(EVP_EncryptUpdate(context.get(), out + nonce_bytes, &count, bytes_of(plain), length_of(plain)) == 1);
    ENSURE(EVP_EncryptFinal_ex(context.get(), out + nonce_bytes + plain.size(), &count) == 1);
    ENSURE(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, out + nonce_bytes + plain.size()) == 1);
    return sealed;
}

Result<Secret> decrypt(const Secret& key, std::string_view bound_to, std::string_view sealed) {
    ENSURE(key.size() == key_bytes);
    if (sealed.size() < encryption_overhead_bytes)
        return fail(Fault::unauthenticated, "The encrypted value is too short.");
    const Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
    const std::string_view body = sealed.substr(nonce_bytes, sealed.size() - encryption_overhead_bytes);
    std::string tag(sealed.substr(sealed.size() - tag_bytes));
    std::string plain(body.size(), '\0');
    int count = 0;
    ENSURE(context && EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key.reveal()),
                                         bytes_of(sealed)) == 1);
    ENSURE(EVP_DecryptUpdate(context.get(), nullptr, &count, bytes_of(bound_to), length_of(bound_to)) == 1);
    ENSURE(EVP_DecryptUpdate(context.get(), bytes_of(plain), &count, bytes_of(body), length_of(body)) == 1);
    ENSURE(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1);
    const bool fits = EVP_DecryptFinal_ex(context.get(), bytes_of(plain) + plain.size(), &count) == 1;
    Secret secret(std::move(plain));
    if (!fits) return fail(Fault::unauthenticated, "The key does not fit.");
    return secret;
}

Result<Secret> stretch_passphrase(const Secret& passphrase, std::string_view salt, const Stretch& stretch) {
    std::string key(key_bytes, '\0');
    const int code = argon2id_hash_raw(stretch.passes, stretch.memory_kib, stretch.lanes, passphrase.reveal().data(),
                                       passphrase.size(), salt.data(), salt.size(), key.data(), key.size());
    if (code != ARGON2_OK)
        return fail(Fault::internal, "The passphrase cannot be checked right now; the machine may be short of memory.",
                    fmt::format("argon2id with {} KiB: {}", stretch.memory_kib, argon2_error_message(code)));
    return Secret(std::move(key));
}

void shield(const Secret& secret) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(secret.reveal().data()) & ~(page - 1);
    const auto end = reinterpret_cast<std::uintptr_t>(secret.reveal().data()) + secret.size();
    // Neighbours on the same pages are kept out of core files with it; both calls may be refused, and that is all
    // right.
    (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTDUMP);
    (void)::mlock(reinterpret_cast<const void*>(begin), end - begin);
}

}  // namespace bursar::vault
