using System.Collections.Concurrent;
using Events.Messaging.Handlers;

namespace Events.Http.Tests.Jobs;

/// <summary>A job that goes as a test says: <c>fail</c> until it is repaired, <c>hang</c> until it is cancelled, or <c>work</c>.</summary>
internal sealed record Trouble(string How)
{
    /// <summary>Jobs whose trouble is over.</summary>
    public static ConcurrentDictionary<Guid, bool> Repaired { get; } = new();

    public static void Register(MessagingBuilder messaging) => messaging.Handle<Trouble, TroubleHandler>(
        "trouble", queue: "troubles", isJob: true, retry: new() { Attempts = 5, FirstDelay = TimeSpan.FromMilliseconds(10), Factor = 1 });
}

internal sealed class TroubleHandler : IMessageHandler<Trouble>
{
    public async Task Handle(Trouble message, MessageContext context, CancellationToken ct)
    {
        context.Progress(1, 2, "Half of it");
        if (message.How == "hang")
            await Task.Delay(Timeout.Infinite, ct);
        if (message.How == "fail" && !Trouble.Repaired.ContainsKey(context.MessageId))
            throw new InvalidOperationException($"Attempt {context.Attempt} failed.");
        context.SetResult(new { Worked = true });
    }
}
