#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace jackdaw::http {

// A self-signed certificate, made for one test. Its file is what a client that trusts it is given.
class TestCertificate {
 public:
  explicit TestCertificate(const std::string& dns_name, long valid_from_seconds = -3600,
                           long valid_to_seconds = 24 * 3600)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    X509_set_version(certificate_.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_.get()), valid_from_seconds);
    X509_gmtime_adj(X509_getm_notAfter(certificate_.get()), valid_to_seconds);
    X509_NAME* name = X509_get_subject_name(certificate_.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("a test"), -1, -1, 0);
    X509_set_issuer_name(certificate_.get(), name);
    X509_set_pubkey(certificate_.get(), key_.get());
    add_extension(NID_subject_alt_name, "DNS:" + dns_name);
    add_extension(NID_basic_constraints, "critical,CA:TRUE");
    if (X509_sign(certificate_.get(), key_.get(), EVP_sha256()) == 0) throw std::runtime_error("X509_sign");
    write_file();
  }
  ~TestCertificate() { std::filesystem::remove(file_); }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  const std::filesystem::path& file() const { return file_; }

  std::shared_ptr<SSL_CTX> server_context() const {
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    SSL_CTX_use_certificate(context.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context.get(), key_.get());
    return context;
  }

 private:
  void add_extension(int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    if (extension == nullptr) throw std::runtime_error("X509V3_EXT_conf_nid: " + value);
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }

  void write_file() {
    std::string path = (std::filesystem::temp_directory_path() / "jackdaw_certificate_XXXXXX").string();
    const int fd = ::mkstemp(path.data());
    FILE* file = fd < 0 ? nullptr : ::fdopen(fd, "w");
    if (file == nullptr) throw std::runtime_error("mkstemp");
    PEM_write_X509(file, certificate_.get());
    std::fclose(file);
    file_ = path;
  }

  struct Deleter {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  std::unique_ptr<EVP_PKEY, Deleter> key_;
  std::unique_ptr<X509, Deleter> certificate_;
  std::filesystem::path file_;
};

}  // namespace jackdaw::http
