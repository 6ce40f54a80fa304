using System.Text.Json.Serialization;
using Events.Messaging.Handlers;

namespace Events.Commands.People;

/// <summary>Stored with the events of an erasure, so that a process that dies after them leaves nothing undone.</summary>
public sealed record FinishErasure(Guid PersonId)
{
    public const string MessageType = "finish_erasure";
}

internal sealed class FinishErasureHandler(PersonErasure erasure) : IMessageHandler<FinishErasure>
{
    public Task Handle(FinishErasure message, MessageContext context, CancellationToken ct) => erasure.FinishAsync(message.PersonId, ct);
}

/// <summary>Daily: what has expired.</summary>
public sealed record SweepIdentity
{
    public const string MessageType = "sweep_identity";
}

internal sealed class SweepIdentityHandler(IdentitySweep sweep) : IMessageHandler<SweepIdentity>
{
    public async Task Handle(SweepIdentity message, MessageContext context, CancellationToken ct) => context.SetResult(await sweep.RunOnceAsync(ct));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(FinishErasure))]
[JsonSerializable(typeof(SweepIdentity))]
internal sealed partial class IdentityMessageJson : JsonSerializerContext;
