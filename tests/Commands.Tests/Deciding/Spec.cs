using Events.Commands.Deciding;
using Shouldly;

namespace Events.Commands.Tests.Deciding;

/// <summary>Given what happened, when somebody asks for this, then that happens: a decision as a customer could read it.</summary>
internal sealed class Spec<TState>(TState initial, Func<TState, object, TState> evolve)
{
    public Givens Given(params object[] events) => new(events.Aggregate(initial, evolve), evolve);

    internal sealed class Givens(TState state, Func<TState, object, TState> evolve)
    {
        public Thens When(Func<TState, Decision> decide) => new(state, decide(state), evolve);
    }

    internal sealed class Thens(TState before, Decision decision, Func<TState, object, TState> evolve)
    {
        public TState Then(params object[] events)
        {
            var accepted = decision.ShouldBeOfType<Decision.Accepted>().Events;
            accepted.Select(Json).ShouldBe(events.Select(Json));
            return accepted.Aggregate(before, evolve);
        }

        public void ThenNothing() => decision.ShouldBe(Decision.Nothing);

        public void ThenRefuses(string code) => decision.ShouldBeOfType<Decision.Refused>().Code.ShouldBe(code);
    }

    // Records compare their lists by reference; their JSON says what they hold.
    private static string Json(object value) =>
        $"{value.GetType().Name} {System.Text.Json.JsonSerializer.Serialize(value, value.GetType())}";
}
