using System.Buffers;
using System.Text.Json;
using Events.Messaging.Running;

namespace Events.Messaging.RabbitMq;

/// <summary>A message as the broker carries it: the members of <c>message_row</c>, as JSON.</summary>
internal static class Envelope
{
    public static ReadOnlyMemory<byte> Write(ClaimedMessage message)
    {
        var buffer = new ArrayBufferWriter<byte>(message.Body.Length + 512);
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        json.WriteStartObject();
        json.WriteNumber("seq", message.Sequence);
        json.WriteString("id", message.Id);
        json.WriteString("tenant_id", message.Tenant.Value);
        json.WriteString("queue", message.Queue);
        json.WriteString("type", message.Type);
        json.WriteNumber("priority", message.Priority);
        json.WriteNumber("attempt", message.Attempt);
        json.WriteNumber("takeovers", message.Takeovers);
        json.WriteString("enqueued_at", message.EnqueuedAt.UtcDateTime);
        json.WritePropertyName("body");
        json.WriteRawValue(message.Body, skipInputValidation: true);
        json.WriteString("order_key", message.OrderKey);
        json.WriteString("unique_key", message.UniqueKey);
        if (message.BatchId is { } batch)
            json.WriteString("batch_id", batch);
        json.WriteString("traceparent", message.TraceParent);
        json.WriteString("correlation_id", message.CorrelationId);
        json.WriteBoolean("is_job", message.IsJob);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
