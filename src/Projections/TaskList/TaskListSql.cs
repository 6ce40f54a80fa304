using System.Collections.Frozen;

namespace Events.Projections.TaskList;

/// <summary>
/// The statements of the list queries, put together once from constants: the offered plans, both directions, with and without
/// other filters. Nothing that a caller says becomes SQL text.
/// </summary>
/// <remarks>
/// $1 tenant, $2 what the scope names, $3 and $4 the key and id to go on behind, $5 items wanted; with filters also
/// $6 statuses, $7 priorities, $8 project, $9 assignee, $10 label, each null when it does not restrict.
/// </remarks>
internal sealed record TaskListSql(string Page, string ScanEnd)
{
    private const int StatusCount = 6;

    public static FrozenDictionary<(TaskListPlan Plan, bool Descending, bool Filtered), TaskListSql> All { get; } =
        (from plan in TaskListPlan.All
         from backwards in new[] { false, true }
         from filtered in new[] { false, true }
         select KeyValuePair.Create((plan, backwards, filtered), Compose(plan, backwards, filtered))).ToFrozenDictionary();

    private static TaskListSql Compose(TaskListPlan plan, bool descending, bool filtered)
    {
        var scanned = Ordered(plan, descending, filtered, $"{TaskListPlan.MostScanned}");
        return new TaskListSql(Joined(filtered ? Filtered(scanned) : $"{Ordered(plan, descending, filtered, "$5 + 1")} limit $5 + 1"), EndOfScan(scanned));
    }

    private static string Ordered(TaskListPlan plan, bool descending, bool filtered, string most)
    {
        var direction = descending ? "desc" : "asc";
        // Each status has a run of its own in the index; bounded one by one, so that no run is read further than a page can need.
        var entries = plan.IsByStatus
            ? string.Join(
                "\n      union all\n",
                Enumerable.Range(0, StatusCount).Select(status => $"(select * from ({Entries(plan, descending, Branch(status, filtered))}) b order by b.sort_key {direction}, b.task_id {direction} limit {most})"))
            : Entries(plan, descending, "");
        return
            $"""
            select * from (
            {entries}
            ) e
            order by e.sort_key {direction}, e.task_id {direction}
            """;
    }

    private static string Branch(int status, bool filtered) =>
        filtered ? $"and t.status = {status} and ($6::smallint[] is null or {status} = any ($6::smallint[]))" : $"and t.status = {status}";

    // A label's entries are taken in order and bounded before their tasks are looked up one by one: joined as a whole, the
    // planner would rather read all of a frequent label and sort it.
    private static string Entries(TaskListPlan plan, bool descending, string and) => plan.Scope == TaskListScope.Label
        ? $"""
        select l.created_at as sort_key, l.task_id, t.item, t.status, t.priority, t.project_id, t.assignee_id, t.labels
        from (
            select l.tenant_id, l.created_at, l.task_id
            from task_labels l
            where {plan.Where} and ({plan.Column}, {plan.Id}) {(descending ? '<' : '>')} ($3, $4)
            order by l.created_at {(descending ? "desc" : "asc")}, l.task_id {(descending ? "desc" : "asc")}
            limit {TaskListPlan.MostScanned}) l
        cross join lateral (
            select t.item, t.status, t.priority, t.project_id, t.assignee_id, t.labels
            from task_list t
            where t.tenant_id = l.tenant_id and t.task_id = l.task_id
            offset 0) t
        """
        : $"""
        select {plan.Column} as sort_key, {plan.Id} as task_id, t.item, t.status, t.priority, t.project_id, t.assignee_id, t.labels
        from {plan.From}
        where {plan.Where} and ({plan.Column}, {plan.Id}) {(descending ? '<' : '>')} ($3, $4) {and}
        """;

    private static string Filtered(string ordered) =>
        $"""
        select * from ({ordered} limit {TaskListPlan.MostScanned}) s
        where ($6::smallint[] is null or s.status = any ($6::smallint[]))
          and ($7::smallint[] is null or s.priority = any ($7::smallint[]))
          and ($8::uuid is null or s.project_id = $8)
          and ($9::uuid is null or s.assignee_id = $9)
          and ($10::varchar is null or $10 = any (s.labels))
          and s.project_id <> all ($11::uuid[])
        limit $5 + 1
        """;

    // One row comes back: the items are joined where they lie, and the key of the last wanted one is beside them. The one behind it, which says that
    // there are more, is joined too and cut off by its length: to number the rows first would take a quarter of the statement's time.
    private static string Joined(string rows) =>
        $"""
        select string_agg(r.item, ','), count(*)::int, (array_agg(r.sort_key))[$5], (array_agg(r.task_id))[$5],
               (select p.last_seq_id from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection = 'TaskList'),
               (array_agg(octet_length(r.item)))[$5 + 1]
        from ({rows}) r
        """;

    // Where a page that looked at as many entries as it may has to go on; no row when it reached the end.
    private static string EndOfScan(string ordered) =>
        $"""
        select o.sort_key, o.task_id from ({ordered} limit {TaskListPlan.MostScanned}) o offset {TaskListPlan.MostScanned - 1}
        """;
}
