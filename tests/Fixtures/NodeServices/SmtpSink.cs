using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Events.Fixtures.NodeServices;

/// <param name="Raw">Headers and body as they came.</param>
public sealed partial record ReceivedMail(string From, IReadOnlyList<string> To, string Raw)
{
    /// <summary>The subject as people read it: folded lines joined, encoded words decoded.</summary>
    public string Subject => EncodedWord().Replace(
        SubjectLines().Match(Raw).Groups["text"].Value.Replace("\r\n", "", StringComparison.Ordinal),
        word => Encoding.UTF8.GetString(word.Groups["kind"].Value is "B" or "b"
            ? Convert.FromBase64String(word.Groups["text"].Value)
            : Encoding.Latin1.GetBytes(Uri.UnescapeDataString(word.Groups["text"].Value.Replace('_', ' ').Replace('=', '%')))));

    [GeneratedRegex(@"^Subject: (?<text>.*(\n[ \t].*)*)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SubjectLines();

    [GeneratedRegex(@"=\?utf-8\?(?<kind>[BQ])\?(?<text>[^?]*)\?=\s*", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EncodedWord();
}

/// <summary>A real SMTP server (npm <c>smtp-server</c>) that takes every mail, except to mailboxes that begin with <c>gone</c>.</summary>
public sealed class SmtpSink : IAsyncDisposable
{
    private const string Script =
        """
        const { SMTPServer } = require('smtp-server');
        const server = new SMTPServer({
          authOptional: true,
          disabledCommands: ['STARTTLS'],
          onRcptTo(address, session, done) {
            if (!address.address.startsWith('gone')) return done();
            const error = new Error('no such mailbox');
            error.responseCode = 550;
            done(error);
          },
          onData(stream, session, done) {
            let raw = '';
            stream.on('data', (part) => { raw += part.toString('utf8'); });
            stream.on('end', () => {
              console.log(JSON.stringify({ from: session.envelope.mailFrom.address, to: session.envelope.rcptTo.map((to) => to.address), raw }));
              done();
            });
          },
        });
        server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.server.address().port}`));
        """;

    private readonly NodeService service;
    private readonly string folder;

    private SmtpSink(NodeService service, string folder)
    {
        this.service = service;
        this.folder = folder;
    }

    public int Port => service.Port;

    public static async Task<SmtpSink> StartAsync(CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("events-smtp-").FullName;
        var script = Path.Combine(folder, "sink.js");
        await File.WriteAllTextAsync(script, Script, ct);
        return new SmtpSink(await NodeService.StartAsync("smtp-server", "3.21.6", script, [], ct), folder);
    }

    /// <summary>The next mail that comes in.</summary>
    public async Task<ReceivedMail> NextAsync(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            var line = await service.Lines.ReadAsync(limit.Token);
            if (line.StartsWith('{'))
                return JsonSerializer.Deserialize<ReceivedMail>(line, JsonSerializerOptions.Web)!;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await service.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
