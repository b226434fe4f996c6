#include <thread>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "platform/ssh/server.h"

namespace cairn::ssh {
namespace {

std::string key_line(std::string_view type, std::initializer_list<std::string_view> fields) {
  std::string blob;
  auto append = [&](std::string_view text) {
    append_u32be(blob, static_cast<std::uint32_t>(text.size()));
    blob += text;
  };
  append(type);
  for (auto field : fields) append(field);
  return std::string(type) + " " + base64_encode(blob);
}

TEST(PublicKey, ReadsALineAndWritesItAgain) {
  std::string text = key_line("ssh-ed25519", {std::string(32, 'k')});
  auto key = parse_public_key("  " + text + " ada@laptop of mine \n");
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->type, "ssh-ed25519");
  EXPECT_EQ(key->comment, "ada@laptop of mine");
  EXPECT_EQ(key->text(), text);
  EXPECT_TRUE(key->fingerprint().starts_with("SHA256:"));
  EXPECT_EQ(key->fingerprint().size(), 7u + 43);
  EXPECT_EQ(parse_key_blob(key->blob)->fingerprint(), key->fingerprint());
}

TEST(PublicKey, TakesTheKindsThatAreSafe) {
  std::string point256 = "\4" + std::string(64, 'p'),
              modulus = std::string(1, '\0') + std::string(256, '\x90');
  for (const auto& line :
       {key_line("ecdsa-sha2-nistp256", {"nistp256", point256}),
        key_line("ecdsa-sha2-nistp521", {"nistp521", "\4" + std::string(132, 'p')}),
        key_line("ssh-rsa", {std::string_view("\1\0\1", 3), modulus}),
        key_line("sk-ssh-ed25519@openssh.com", {std::string(32, 'k'), "ssh:"}),
        key_line("sk-ecdsa-sha2-nistp256@openssh.com", {"nistp256", point256, "ssh:"})}) {
    auto key = parse_public_key(line);
    EXPECT_TRUE(key) << line << ": " << key.error().message;
  }
}

TEST(PublicKey, RefusesTheRestAndSaysWhy) {
  std::string good = key_line("ssh-ed25519", {std::string(32, 'k')});
  struct Case {
    std::string line, words;
  };
  for (const auto& [line, words] : std::vector<Case>{
           {"", "a type and a text"},
           {"ssh-ed25519", "a type and a text"},
           {"ssh-ed25519 !!!", "not base64"},
           {"ssh-rsa" + good.substr(11), "not its type"},
           {key_line("ssh-ed25519", {std::string(31, 'k')}), "32 bytes"},
           {key_line("ssh-ed25519", {std::string(32, 'k'), "more"}), "something follows"},
           {key_line("ssh-rsa", {"\1", std::string(128, '\x90')}), "too short"},
           {key_line("ssh-dss", {"p", "q", "g", "y"}), "are not taken"},
           {key_line("ecdsa-sha2-nistp256", {"nistp384", "x"}), "curve"},
           {"-----BEGIN OPENSSH PRIVATE KEY-----", "private part"},
           {good + "\n" + good, "more than one line"},
           {good + std::string(20'000, 'x'), "too long"}}) {
    auto key = parse_public_key(line);
    ASSERT_FALSE(key) << line;
    EXPECT_EQ(key.error().word, "InvalidPublicKey");
    EXPECT_TRUE(key.error().message.contains(words)) << key.error().message;
  }
  for (std::size_t cut = 0; cut < 51; ++cut)
    EXPECT_FALSE(parse_key_blob(parse_public_key(good)->blob.substr(0, cut))) << cut;
}

TEST(HostKey, SameSecretGivesTheSameKey) {
  auto one = make_host_key(std::string(32, 'a')), same = make_host_key(std::string(32, 'a'));
  EXPECT_EQ(one.private_text, same.private_text);
  EXPECT_NE(one.public_key.blob, make_host_key(std::string(32, 'b')).public_key.blob);
  EXPECT_TRUE(parse_public_key(one.public_key.text()));
}

TEST(SplitCommand, ReadsWhatClientsQuote) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(*split_command("git-upload-pack '/ada/bert.git'"),
            (Words{"git-upload-pack", "/ada/bert.git"}));
  EXPECT_EQ(*split_command(R"(git-upload-pack '/it'\''s')"), (Words{"git-upload-pack", "/it's"}));
  EXPECT_EQ(*split_command(R"('a'\!'b' c)"), (Words{"a!b", "c"}));
  EXPECT_EQ(*split_command("git-lfs-authenticate ada/bert.git  download"),
            (Words{"git-lfs-authenticate", "ada/bert.git", "download"}));
  EXPECT_EQ(*split_command("x ''"), (Words{"x", ""}));
  EXPECT_TRUE(split_command("")->empty());
  // No shell: what a shell would do something with is only text.
  EXPECT_EQ(*split_command("a;b $(c) `d` && e|f"), (Words{"a;b", "$(c)", "`d`", "&&", "e|f"}));
  for (std::string bad : {"'open", "a\\", "a\nb", "a\tb", "a\\\nb"})
    EXPECT_FALSE(split_command(bad)) << bad;
  EXPECT_FALSE(split_command(std::string(2000, 'a')));
}

TEST(SshServer, RefusesAnAddressThatIsTaken) {
  Options options{.port = 0, .host_key = make_host_key(std::string(32, 'a')).private_text};
  auto first = Server::listen(options, {});
  ASSERT_TRUE(first) << first.error().message;
  options.port = (*first)->port();
  EXPECT_NE(options.port, 0);
  auto second = Server::listen(options, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().word, "AddressInUse");
  options.address = "no such address";
  EXPECT_EQ(Server::listen(options, {}).error().word, "InvalidListen");
}

TEST(SshServer, StopsWhileNobodyIsThere) {
  Options options{.port = 0, .host_key = make_host_key(std::string(32, 'a')).private_text};
  auto server = std::move(*Server::listen(options, {}));
  std::thread serving([&] { server->run(); });
  server->stop();
  serving.join();
}

}  // namespace
}  // namespace cairn::ssh
