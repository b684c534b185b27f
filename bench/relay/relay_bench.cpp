// A provider that keeps time and a client that reads the clock: what a relay between them adds to each token.
// bench/relay/relay.py runs them; bench/relay/README.md says what is measured.

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

#include "relay/client.h"
#include "relay/forwarder.h"
#include "relay/provider.h"

namespace {

using jackdaw::bench::ClientOptions;
using jackdaw::bench::Door;
using jackdaw::bench::Forwarder;
using jackdaw::bench::Pace;
using jackdaw::bench::Provider;

struct ProviderOptions {
  std::uint16_t port = 0;
  Pace pace;
};

CLI::App* add_provider(CLI::App& app, ProviderOptions& options) {
  CLI::App* command = app.add_subcommand("provider", "streams tokens that say when they were sent");
  command->add_option("--port", options.port, "0 takes a free one, which the first line of the output tells");
  command->add_option("--tokens", options.pace.tokens, "of an answer whose question does not say");
  command->add_option("--rate", options.pace.rate, "tokens a second; 0: as fast as they are taken");
  return command;
}

struct ForwarderOptions {
  std::uint16_t port = 0;
  std::uint16_t upstream = 0;
};

CLI::App* add_forwarder(CLI::App& app, ForwarderOptions& options) {
  CLI::App* command = app.add_subcommand("forwarder", "passes bytes on unseen: what a relay costs at least");
  command->add_option("--port", options.port, "0 takes a free one, which the first line of the output tells");
  command->add_option("--upstream", options.upstream, "port of the provider")->required();
  return command;
}

CLI::App* add_client(CLI::App& app, ClientOptions& options) {
  const std::map<std::string, Door> doors{{"chat", Door::kChat}, {"answers", Door::kAnswers}, {"query", Door::kQuery}};
  CLI::App* command = app.add_subcommand("client", "reads streams and prints what it saw as one line of JSON");
  command->add_option("--port", options.port)->required();
  command->add_option("--door", options.door, "chat, answers or query")->transform(CLI::CheckedTransformer(doors));
  command->add_option("--question", options.question, "without characters that JSON escapes");
  command->add_option("--streams", options.streams, "at once")->check(CLI::PositiveNumber);
  command->add_option("--repeat", options.repeat, "answers one after another on each connection")
      ->check(CLI::PositiveNumber);
  command->add_option("--tokens", options.tokens, "of an answer")->check(CLI::Range(1, 999'999));
  command->add_option("--rate", options.rate, "tokens a second of an answer; 0: as fast as possible");
  command->add_option("--ramp-ms", options.ramp_ms, "in which the streams begin");
  command->add_option("--hold-ms", options.hold_ms, "how long to go on once all streams have a token");
  command->add_option("--timeout-ms", options.timeout_ms);
  return command;
}

template <typename Server>
[[noreturn]] void serve(Server& server) {
  std::printf("{\"port\": %u}\n", server.port());
  std::fflush(stdout);
  server.run();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("What a relay adds to each token.");
  app.require_subcommand(1);
  ProviderOptions provider;
  ForwarderOptions forwarder;
  ClientOptions client;
  const CLI::App* as_provider = add_provider(app, provider);
  const CLI::App* as_forwarder = add_forwarder(app, forwarder);
  add_client(app, client);
  CLI11_PARSE(app, argc, argv);
  try {
    if (as_provider->parsed()) {
      Provider server(provider.port, provider.pace);
      serve(server);
    }
    if (as_forwarder->parsed()) {
      Forwarder server(forwarder.port, forwarder.upstream);
      serve(server);
    }
    return jackdaw::bench::run_client(client);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "relay_bench: %s\n", error.what());
    return 1;
  }
}
