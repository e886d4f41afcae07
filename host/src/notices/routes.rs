use super::Route;

/// Who is told what. A recipient is told once, by the route that takes the incident and lets it go soonest.
#[derive(Clone, Debug, Default)]
pub struct Routes(pub Vec<Route>);
