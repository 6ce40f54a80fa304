using Events.Platform.Outbox;
using Events.Platform.Tenancy;

namespace Events.EventStore.Tests;

/// <summary>What Messaging's <c>enqueue_messages</c> looks like from here: the signature, and rows in the same transaction.</summary>
internal static class FakeOutbox
{
    public const string Sql =
        """
        create table sent (id uuid, type varchar, body jsonb);
        create function enqueue_messages(
            p_id uuid[], p_tenant_id varchar[], p_queue varchar[], p_type varchar[], p_body jsonb[], p_priority smallint[],
            p_scheduled_for timestamptz[], p_order_key varchar[], p_unique_key varchar[], p_traceparent varchar[],
            p_correlation_id varchar[], p_is_job boolean[]) returns void
        language sql as 'insert into sent select * from unnest(p_id, p_type, p_body)';
        """;

    public static OutboxMessage Message(TenantId tenant, string type, string body = "{}") =>
        new(Guid.CreateVersion7(), tenant, type, "default", System.Text.Encoding.UTF8.GetBytes(body));
}
