//! The Rhai script language of sdflow.
